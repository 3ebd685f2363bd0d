import { expect, test } from "vitest";
import { ENGINE_VERSION } from "../../../../core/index.ts";
import { eventsOf, eventsRequest, FakeGenerator, PlainClient, startServer } from "./shared.ts";

test("a server tells what it is, and answers for a served generator", async () => {
  await using server = await startServer([
    { generator: new FakeGenerator(), version: "7", properties: { twin: "ecal" } },
  ]);
  using client = await PlainClient.of(server);

  expect(await client.ask("ServerLive")).toEqual({ live: true });
  expect(await client.ask("ServerReady")).toEqual({ ready: true });
  expect(await client.ask("ServerMetadata")).toEqual({
    name: "twinloom",
    version: ENGINE_VERSION,
    extensions: ["model_configuration", "model_repository", "statistics", "twinloom"],
  });
  expect(await client.ask("ModelReady", { name: "fake" })).toEqual({ ready: true });
  expect(await client.ask("ModelReady", { name: "fake", version: "7" })).toEqual({ ready: true });
  expect(await client.ask("ModelReady", { name: "fake", version: "6" })).toMatchObject({ ready: false });
  expect(await client.ask("ModelReady", { name: "other" })).toMatchObject({ ready: false });
  expect(await client.ask("ModelMetadata", { name: "fake" })).toMatchObject({
    name: "fake",
    versions: ["7"],
    inputs: [
      { name: "event_id", datatype: "INT64", shape: ["-1", "1"] },
      { name: "incident_energy", datatype: "FP64", shape: ["-1", "1"] },
      { name: "seed", datatype: "INT64", shape: ["-1", "1"] },
    ],
    outputs: [{ name: "showers", datatype: "FP32", shape: ["-1", "4", "6"] }],
    properties: { twin: "ecal", kind: "generator" },
  });
  const answer = await client.generate(eventsRequest([3, 4], { id: "a" }));
  expect(answer).toMatchObject({ model_name: "fake", model_version: "7", id: "a" });
  expect(eventsOf(answer)).toEqual([
    [3, 100, 7, 0],
    [4, 100, 7, 0],
  ]);
});
