import type { Server } from "@grpc/grpc-js";
import type { PackageDefinition } from "@grpc/proto-loader";
import { importOptional } from "../../../core/index.ts";
import { SERVER_PACKAGES } from "../protocol/packages.ts";

/**
 * Lets clients ask a server for its protocol.
 *
 * @throws `TWIN_PACKAGE_MISSING`
 */
export async function addReflection(server: Server, definition: PackageDefinition): Promise<void> {
  const { ReflectionService } = await importOptional(() => import("@grpc/reflection"), {
    package: "@grpc/reflection",
    install: SERVER_PACKAGES,
    neededBy: "Serving models over gRPC",
  });
  // Here, because it loads a library of protobuf that nothing else needs.
  const { mendDescriptors } = await import("../protocol/descriptors.ts");
  new ReflectionService(mendDescriptors(definition)).addToServer(server);
}
