import { describe } from "vitest";
import { testGenerator } from "../../../conformance/index.ts";
import { startServer } from "../../../servers/inference-server.ts";
import { FakeGenerator } from "../server/shared.ts";
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
