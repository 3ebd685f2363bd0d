import { fileURLToPath } from "node:url";
import type * as Grpc from "@grpc/grpc-js";
import type { Options, PackageDefinition } from "@grpc/proto-loader";
import { importOptional } from "../../../core/index.ts";
import type { ProtoGrpcType } from "../../../protos/gen/inference.ts";
import { CLIENT_PACKAGES } from "./packages.ts";

/** The protocol, ready to be spoken. */
export interface Protos {
  /** The gRPC library itself, loaded. */
  readonly grpc: typeof Grpc;
  /** Client and definition of the service: `new protos.Service(address, credentials)`, `Service.service`. */
  readonly Service: ProtoGrpcType["inference"]["GRPCInferenceService"];
  /** All that `inference.proto` defines, for server reflection. */
  readonly packageDefinition: PackageDefinition;
}

/** How messages become objects. The types in `protos/gen` are made with the same. */
export const PROTO_OPTIONS = {
  keepCase: true,
  longs: String,
  enums: String,
  arrays: true,
  oneofs: true,
} as const satisfies Options;

const FILE = fileURLToPath(new URL("../../../protos/inference.proto", import.meta.url));

let loading: Promise<Protos> | undefined;

/**
 * Loads gRPC and the protocol, once.
 *
 * @param install - The command that installs what is missing: all that the caller needs.
 * @throws `TWIN_PACKAGE_MISSING` when `@grpc/grpc-js` or `@grpc/proto-loader` is not installed; a later call tries again.
 */
export function loadProtos(install: string = CLIENT_PACKAGES): Promise<Protos> {
  loading ??= load(install).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(install: string): Promise<Protos> {
  const neededBy = "Serving models over gRPC";
  const grpc = await importOptional(() => import("@grpc/grpc-js"), { package: "@grpc/grpc-js", install, neededBy });
  const loader = await importOptional(() => import("@grpc/proto-loader"), {
    package: "@grpc/proto-loader",
    install,
    neededBy,
  });
  const packageDefinition = await loader.load(FILE, PROTO_OPTIONS);
  // The types were generated from this very file.
  const { inference } = grpc.loadPackageDefinition(packageDefinition) as unknown as ProtoGrpcType;
  return { grpc, Service: inference.GRPCInferenceService, packageDefinition };
}
