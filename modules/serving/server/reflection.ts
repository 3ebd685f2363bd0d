import type { Server } from "@grpc/grpc-js";
import type { PackageDefinition } from "@grpc/proto-loader";
import { importOptional } from "../../../core/index.ts";

/**
 * Lets clients ask a server for its protocol.
 *
 * @throws `TWIN_PACKAGE_MISSING`
 */
export async function addReflection(server: Server, definition: PackageDefinition): Promise<void> {
  const { ReflectionService } = await importOptional(() => import("@grpc/reflection"), {
    package: "@grpc/reflection",
    install: "npm install @grpc/reflection@1",
    neededBy: "Serving models over gRPC",
  });
  // Only here, as it brings a library of its own.
  const { mendDescriptors } = await import("../protocol/descriptors.ts");
  new ReflectionService(mendDescriptors(definition)).addToServer(server);
}
