import { constant, createTwin, Model, NdArray } from "twinloom";
import { remoteModel } from "twinloom/modules/serving";
import { describe } from "vitest";
import { testGenerator, testModel } from "../../../conformance/index.ts";
import { startServer } from "../../../servers/inference-server.ts";
import { FakeGenerator } from "../server/shared.ts";
import { HalfModel } from "./fakes.ts";
import { remoteOf } from "./remote.ts";

const conditions = { incident_energy: Float64Array.of(1, 2.5, 300, 4, 1000, 77) };

describe.each([
  ["sparse", {}],
  ["dense", { transfer: "dense" }],
  ["with a message for each event or two", { transfer: "dense", maxMessageBytes: 16 * 1024 + 200 }],
  ["with a fallback that is not needed", {}, new FakeGenerator("spare")],
] as const)("a remote generator, %s", (_what, options, fallback?: FakeGenerator) => {
  testGenerator(async () => {
    const server = await startServer([{ generator: new FakeGenerator() }]);
    const remote = await remoteOf([server.endpoint], options, fallback);
    return {
      generator: remote.generator,
      conditions,
      dispose: async () => {
        await remote[Symbol.asyncDispose]();
        await server[Symbol.asyncDispose]();
      },
    };
  });
});

describe.each([
  ["in one message", {}],
  ["in a message for each row", { maxMessageBytes: 16 * 1024 + 30 }],
  ["with a fallback that is not needed", {}, new HalfModel()],
] as const)("a remote model, %s", (_what, options, fallback?: Model) => {
  testModel(async () => {
    const server = await startServer([{ model: new HalfModel() }]);
    const network = remoteModel({ endpoints: [server.endpoint], model: "half", timeoutMs: 5000, ...options });
    const spare = constant(Model, fallback ?? new HalfModel());
    const twin = await createTwin({
      plugins: { network, spare },
      ...(fallback && { wire: { network: { fallback: "spare" } } }),
    });
    return {
      model: twin.network,
      inputs: {
        a: new NdArray(Float32Array.of(1, 2, 3, 4, 5, 6), { dtype: "float32", shape: [2, 3] }),
        b: new NdArray(BigInt64Array.of(7n, -8n), { dtype: "int64", shape: [2] }),
      },
      dispose: async () => {
        await twin[Symbol.asyncDispose]();
        await server[Symbol.asyncDispose]();
      },
    };
  });
});
