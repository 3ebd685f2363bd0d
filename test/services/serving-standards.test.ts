import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GeneratedBatch, type GenerateRequest, type Generator, NdArray } from "../../core/index.ts";
import { EchoModel } from "../modules/fastsim/sample.ts";
import { startServer, type TestServer } from "../servers/inference-server.ts";
import { floats, HAS_PYTHON, type PeerAnswer, type PeerTensor, ServingPeer, tensor } from "./serving-peer.ts";

const VALUES = 6480;

/** Makes events at once, and counts them. */
class CountingGenerator implements Generator {
  readonly model = "counted";
  readonly validity = {};
  readonly outputs = { values: { dtype: "float32", dims: ["cell"], shape: [VALUES] } } as const;
  made = 0;

  async *generate({ eventIds }: GenerateRequest): AsyncGenerator<GeneratedBatch> {
    const count = eventIds.length;
    this.made += count;
    const values = new Float32Array(count * VALUES);
    for (const [event, id] of eventIds.entries()) values.fill(Number(id), event * VALUES, (event + 1) * VALUES);
    yield {
      start: 0,
      count,
      arrays: { values: new NdArray<"float32">(values, { dtype: "float32", shape: [count, VALUES] }) },
    };
  }
}

interface Reflected {
  readonly services: readonly string[];
  readonly messages: readonly string[];
  readonly differences: readonly string[];
  readonly leftOut: readonly string[];
}

// Without the environment this is skipped; scripts/python-venv.sh makes it.
describe.skipIf(!HAS_PYTHON)("gRPC's own clients of a server (needs scripts/python-venv.sh)", () => {
  const generator = new CountingGenerator();
  const echo = new EchoModel({ latent: ["batch", 6] });
  let server: TestServer;
  let peer: ServingPeer;

  beforeAll(async () => {
    server = await startServer([{ generator }, { model: echo }], { modelControl: "explicit" });
    peer = await ServingPeer.connect(server.endpoint);
  });
  afterAll(async () => {
    peer.stop();
    await server[Symbol.asyncDispose]();
  });

  it("are told the protocol by reflection, with the numbers that Triton's client has", async () => {
    const { services, messages, differences, leftOut } = await peer.ask<Reflected>("reflect");
    expect(services).toContain("inference.GRPCInferenceService");
    // A field beyond theirs: the protocol has it, and Triton has not.
    expect(differences).toEqual(["inference.ModelMetadataResponse.properties = 6: not theirs"]);
    expect(messages).toEqual(expect.arrayContaining(["inference.ModelInferRequest", "inference.ModelConfig"]));
    expect(messages.length).toBeGreaterThan(40);
    // What inference.proto says that it leaves out: shared memory, tracing and log settings, settings of a model, caches.
    const others = leftOut.filter(
      (name) => !/^inference\.Model(Config|Input|Output|InstanceGroup|DynamicBatching|QueuePolicy)/.test(name),
    );
    expect(others.filter((name) => !/SharedMemory|Trace|Log/.test(name))).toEqual([
      "inference.InferStatistics.cache_hit",
      "inference.InferStatistics.cache_miss",
      "inference.ModelStatistics.memory_usage",
      "inference.ModelStatistics.response_stats",
    ]);
  });

  it("see the health of the server and of each model change", async () => {
    for (const service of ["", "inference.GRPCInferenceService", "counted"]) {
      expect(await peer.ask("health", { service }), service).toBe("SERVING");
    }
    expect(await peer.failureOf("health", { service: "nobody" })).toMatchObject({ status: "NOT_FOUND" });
    await peer.ask("watch", { service: "echo-model" });
    expect(await peer.ask("watched")).toBe("SERVING");
    await peer.ask("unload", { model: "echo-model" });
    expect(await peer.ask("watched")).toBe("NOT_SERVING");
    expect(await peer.ask("is_model_ready", { model: "echo-model" })).toBe(false);
    await peer.ask("load", { model: "echo-model" });
    expect(await peer.ask("watched")).toBe("SERVING");
    await peer.ask("stop_watching");
  });

  it("may read slowly: the server makes no more than it can send", async () => {
    const events = 4000;
    const event_id = tensor("INT64", {
      data: BigInt64Array.from({ length: events }, (_, event) => BigInt(event)),
      shape: [events, 1],
    });
    const request = { model: "counted", inputs: { event_id }, parameters: { chunk: 10, seed: 1 } };
    const from = generator.made;
    await peer.ask("open_stream", { requests: [request] });
    const [first] = await peer.ask<readonly [PeerAnswer]>("take", { count: 1 });
    expect(first.parameters).toMatchObject({ start: 0 });
    const made = await settled(() => generator.made - from);
    // 100 MB in all; a connection holds some megabytes.
    expect(made).toBeGreaterThanOrEqual(10);
    expect(made).toBeLessThan(events / 4);
    // Others are served meanwhile, over the same connection.
    const ids = tensor("INT64", { data: BigInt64Array.of(7n), shape: [1, 1] });
    const other = await peer.ask<PeerAnswer>("infer", {
      model: "counted",
      inputs: { event_id: ids },
      parameters: { seed: 1 },
    });
    expect(floats(other.outputs["values"] as PeerTensor)[0]).toBe(7);
    const rest = await peer.ask("take_first_values", { output: "values" });
    await peer.ask("close_stream");
    expect(rest).toEqual(Array.from({ length: events / 10 - 1 }, (_, chunk) => 10 * (chunk + 1)));
    expect(generator.made - from).toBe(events + 1);
  });
});

/** A count, once it stays the same. */
async function settled(count: () => number): Promise<number> {
  for (let last = -1; ; ) {
    const now = count();
    if (now === last) return now;
    last = now;
    await sleep(300);
  }
}
