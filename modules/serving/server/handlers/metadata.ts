import { ENGINE_VERSION } from "../../../../core/index.ts";
import type { Served, TensorMetadata } from "../../models/served.ts";
import type { InferenceHandlers, ModelMetadataResponseInit } from "../../protocol/messages.ts";
import { checkModel } from "../access.ts";
import { isReady, type ServerCore } from "../server-core.ts";
import { unary } from "./unary.ts";

/** What this server takes beyond the protocol itself: Triton's extensions, and our own parameters and properties. */
const EXTENSIONS = ["model_configuration", "model_repository", "statistics", "twinloom"];

/** Answers what a server is, and what it serves. */
export function metadataHandlers(
  core: ServerCore,
): Pick<InferenceHandlers, "ServerLive" | "ServerReady" | "ServerMetadata" | "ModelReady" | "ModelMetadata"> {
  return {
    ServerLive: unary(core, "ServerLive", () => ({ live: true })),
    ServerReady: unary(core, "ServerReady", () => ({ ready: isReady(core) })),
    ServerMetadata: unary(core, "ServerMetadata", () => ({
      name: "twinloom",
      version: ENGINE_VERSION,
      extensions: EXTENSIONS,
    })),
    ModelReady: unary(core, "ModelReady", ({ name = "", version = "" }, { caller }) => {
      checkModel(caller, name);
      return { ready: isReady(core) && core.models.has(name, version) };
    }),
    ModelMetadata: unary(core, "ModelMetadata", ({ name = "", version = "" }, { caller }) => {
      checkModel(caller, name);
      return metadataOf(core.models.find(name, version));
    }),
  };
}

function metadataOf(served: Served): ModelMetadataResponseInit {
  return {
    name: served.name,
    versions: [served.version],
    platform: served.platform,
    inputs: served.inputs.map(tensorOf),
    outputs: served.outputs.map(tensorOf),
    properties: { ...served.properties },
  };
}

function tensorOf({ name, datatype, shape }: TensorMetadata): { name: string; datatype: string; shape: number[] } {
  return { name, datatype, shape: [...shape] };
}
