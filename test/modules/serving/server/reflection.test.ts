import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { ClientDuplexStream } from "@grpc/grpc-js";
import { load } from "@grpc/proto-loader";
import { expect, test } from "vitest";
import type { InferenceServer } from "../../../../modules/serving/index.ts";
import { loadProtos } from "../../../../modules/serving/protocol/load-protos.ts";
import { FakeGenerator, startServer } from "./shared.ts";

interface Reflected {
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] };
  readonly errorResponse?: { readonly errorCode: number };
}

/** The definition of the service, as the package of it brings it. */
const PROTO = join(
  fileURLToPath(import.meta.resolve("@grpc/reflection")),
  "../../proto/grpc/reflection/v1/reflection.proto",
);

async function reflect(server: InferenceServer, request: object): Promise<Reflected> {
  const { grpc } = await loadProtos();
  const definition = await load(PROTO, { arrays: true, oneofs: true });
  const service = definition["grpc.reflection.v1.ServerReflection"];
  const Client = grpc.makeClientConstructor(service as Parameters<typeof grpc.makeClientConstructor>[0], "Reflection");
  const { host, port } = server.address;
  const client = new Client(`${host}:${port}`, grpc.credentials.createInsecure());
  const call = (client["ServerReflectionInfo"] as () => ClientDuplexStream<object, Reflected>).call(client);
  const answer = new Promise<Reflected>((resolve, reject) => {
    call.on("data", resolve);
    call.on("error", reject);
  });
  call.write(request);
  call.end();
  try {
    return await answer;
  } finally {
    client.close();
  }
}

test("clients are told the services, and the messages with the numbers of their fields", async () => {
  await using server = await startServer([{ generator: new FakeGenerator() }]);

  const { listServicesResponse } = await reflect(server, { listServices: "*" });
  expect(listServicesResponse?.service.map(({ name }) => name)).toEqual([
    "inference.GRPCInferenceService",
    "grpc.health.v1.Health",
  ]);

  const found = await reflect(server, { fileContainingSymbol: "inference.ModelInferRequest" });
  const files = found.fileDescriptorResponse?.fileDescriptorProto.map(
    (bytes): FileDescriptorProto => fromBinary(FileDescriptorProtoSchema, bytes),
  );
  const request = files?.flatMap(({ messageType }) => messageType).find(({ name }) => name === "ModelInferRequest");
  expect(request?.field.map(({ name, number }) => [name, number])).toEqual([
    ["model_name", 1],
    ["model_version", 2],
    ["id", 3],
    ["parameters", 4],
    ["inputs", 5],
    ["outputs", 6],
    ["raw_input_contents", 7],
  ]);
  expect((await reflect(server, { fileContainingSymbol: "inference.Nothing" })).errorResponse).toMatchObject({
    errorCode: 5,
  });
});
