import type { Server } from "@grpc/grpc-js";
import type { PackageDefinition } from "@grpc/proto-loader";
import { importOptional } from "../../../core/index.ts";
import { PROTO_OPTIONS } from "../protocol/load-protos.ts";
import { SERVER_PACKAGES } from "../protocol/packages.ts";
import type { Health } from "./health.ts";

/**
 * Lets clients ask a server for its protocol, and for that of its health.
 *
 * @throws `TWIN_PACKAGE_MISSING`
 */
export async function addReflection(server: Server, inference: PackageDefinition, health: Health): Promise<void> {
  const { ReflectionService } = await importOptional(() => import("@grpc/reflection"), {
    package: "@grpc/reflection",
    install: SERVER_PACKAGES,
    neededBy: "Serving models over gRPC",
  });
  const { load } = await import("@grpc/proto-loader");
  // Here, because it loads a library of protobuf that nothing else needs.
  const { mendDescriptors } = await import("../protocol/descriptors.ts");
  const definition = { ...inference, ...(await load(health.protoFile, PROTO_OPTIONS)) };
  new ReflectionService(mendDescriptors(definition)).addToServer(server);
}
