import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GeneratedBatch, type GenerateRequest, type Generator, NdArray } from "../../core/index.ts";
import { EchoModel } from "../modules/fastsim/sample.ts";
import { startServer, type TestServer } from "../servers/inference-server.ts";
import { HAS_PYTHON, type PeerAnswer, type PeerFailure, type PeerTensor, ServingPeer, tensor } from "./serving-peer.ts";

const tls = (name: string): string => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));
const text = (bytes: string | Uint8Array): string => Buffer.from(bytes).toString("base64");
const digest = (token: string): string => createHash("sha256").update(token).digest("hex");

/** Gives an event's energy back; waits while it is held. */
class HeldGenerator implements Generator {
  readonly model = "held";
  readonly validity = { energy: { unit: "GeV", min: 1, max: 100 } };
  readonly outputs = { values: { dtype: "float32", dims: ["cell"], shape: [1] } } as const;
  readonly asked: string[] = [];
  #held: PromiseWithResolvers<void> | undefined;
  #begun = Promise.withResolvers<void>();

  /** Resolves when the next batch has begun, which then waits for {@link release}. */
  hold(): Promise<void> {
    this.#held = Promise.withResolvers();
    this.#begun = Promise.withResolvers();
    return this.#begun.promise;
  }

  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  async *generate({ eventIds, conditions }: GenerateRequest): AsyncGenerator<GeneratedBatch> {
    this.asked.push(...Array.from(eventIds, String));
    this.#begun.resolve();
    await this.#held?.promise;
    const count = eventIds.length;
    const values = Float32Array.from(conditions["energy"] as Float64Array);
    const init = { dtype: "float32", shape: [count, 1] } as const;
    yield { start: 0, count, arrays: { values: new NdArray<"float32">(values, init) } };
  }
}

const integers = (...values: bigint[]): PeerTensor =>
  tensor("INT64", { data: BigInt64Array.from(values), shape: [values.length, 1] });
const energies = (...values: number[]): PeerTensor =>
  tensor("FP64", { data: Float64Array.from(values), shape: [values.length, 1] });
const good = { event_id: integers(1n, 2n), energy: energies(10, 20), seed: integers(5n, 5n) };

// Without the environment this is skipped; scripts/python-venv.sh makes it.
describe.skipIf(!HAS_PYTHON)("requests that cannot be answered (needs scripts/python-venv.sh)", () => {
  const held = new HeldGenerator();
  const echo = new EchoModel({ latent: ["batch", 6] });
  let server: TestServer;
  let peer: ServingPeer;

  beforeAll(async () => {
    server = await startServer([{ generator: held }, { model: echo, name: "echo" }], {
      maxMessageBytes: 100_000,
      batching: { maxQueueSize: 3 },
    });
    peer = await ServingPeer.connect(server.endpoint);
  });
  afterAll(async () => {
    peer.stop();
    await server[Symbol.asyncDispose]();
  });

  const refusal = (values: object): Promise<PeerFailure> =>
    peer.failureOf("infer", { model: "held", inputs: good, ...values });
  const isWell = async (): Promise<void> => {
    const { outputs } = await peer.ask<PeerAnswer>("infer", { model: "held", inputs: good });
    expect(outputs["values"]?.shape).toEqual([2, 1]);
  };

  it.for<[string, object, PeerFailure]>([
    [
      "an unknown model",
      { model: "hold" },
      { status: "NOT_FOUND", message: expect.stringContaining('"hold" is not served here') },
    ],
    [
      "an unknown version",
      { model_version: "7" },
      { status: "NOT_FOUND", message: expect.stringMatching(/"7".*"held".*version "1" is/) },
    ],
    [
      "a missing input",
      { inputs: { event_id: good.event_id, seed: good.seed } },
      {
        status: "INVALID_ARGUMENT",
        message: expect.stringMatching(/energy.*missing.*FP64 or FP32 \[events, 1\], in GeV/),
      },
    ],
    [
      "an unknown input",
      { inputs: { ...good, energie: energies(1, 2) } },
      { status: "INVALID_ARGUMENT", message: expect.stringMatching(/energie.*energy/) },
    ],
    [
      "another datatype",
      { inputs: { ...good, energy: integers(10n, 20n) } },
      { status: "INVALID_ARGUMENT", message: expect.stringMatching(/energy.*FP64 or FP32.*INT64/) },
    ],
    [
      "another shape",
      { inputs: { ...good, energy: { ...energies(10, 20), shape: [1, 2] } } },
      { status: "INVALID_ARGUMENT", message: expect.stringMatching(/energy.*\[events, 1\].*\[1, 2\]/) },
    ],
    [
      "another number of events",
      { inputs: { ...good, energy: energies(10, 20, 30) } },
      { status: "INVALID_ARGUMENT", message: expect.stringMatching(/energy.*3.*event_id.*2/) },
    ],
    [
      "an unknown output",
      { outputs: ["showers"] },
      { status: "INVALID_ARGUMENT", message: expect.stringMatching(/showers.*values/) },
    ],
    [
      "no seed",
      { inputs: { event_id: good.event_id, energy: good.energy } },
      { status: "INVALID_ARGUMENT", message: expect.stringMatching(/seed/) },
    ],
    [
      "a seed that is none",
      { inputs: { event_id: good.event_id, energy: good.energy }, parameters: { seed: "lucky" } },
      { status: "INVALID_ARGUMENT", message: expect.stringMatching(/seed.*lucky/) },
    ],
    [
      "an energy outside the range",
      { inputs: { ...good, energy: energies(10, 101) } },
      { status: "OUT_OF_RANGE", message: expect.stringMatching(/energy.*101.*1.*100.*GeV/) },
    ],
    [
      "a message larger than the server takes",
      { model: "echo", inputs: { latent: tensor("FP32", { data: new Float32Array(60_000), shape: [10_000, 6] }) } },
      { status: "RESOURCE_EXHAUSTED", message: expect.stringMatching(/240\d\d\d.*100000/) },
    ],
  ])("%s is told, with what was expected", async ([, values, expected]) => {
    expect(await refusal(values)).toEqual(expected);
    await isWell();
  });

  it.for<[string, object, RegExp]>([
    ["a datatype that is none", { datatype: "FP31", shape: [1, 6] }, /latent.*FP31/],
    [
      "bytes that do not fill the shape",
      { datatype: "FP32", shape: [2, 6] },
      /"latent".*\[2,6\].*24 bytes; 48 were expected/,
    ],
    ["a negative length", { datatype: "FP32", shape: [-1, 6] }, /latent.*-1/],
    ["a shape beyond all bounds", { datatype: "FP32", shape: ["4611686018427387904", 6] }, /latent/],
    ["both contents", { datatype: "FP32", shape: [1, 6], contents: { fp32_contents: [1] } }, /contents/],
  ])("raw: %s", async ([, fields, message]) => {
    const raw = text(new Uint8Array(24));
    const failure = await peer.failureOf("infer_message", {
      message: { model_name: "echo", inputs: [{ name: "latent", ...fields }], raw_input_contents: [raw] },
    });
    expect(failure).toMatchObject({
      status: "INVALID_ARGUMENT",
      message: expect.stringMatching(message),
      metadata: { "twinloom-error-code": expect.stringMatching(/^TWIN_(WIRE_INVALID|MODEL_INPUT)$/) },
    });
    await isWell();
  });

  it.for([
    ["no protobuf", "ModelInfer", Uint8Array.of(0xff, 0xff, 0xff, 0xff)],
    ["a length beyond the end", "ModelInfer", Uint8Array.of(0x0a, 0x7f, 0x41)],
    ["text", "ModelMetadata", '{"name": "echo"}'],
    ["text that is not UTF-8", "ModelMetadata", Uint8Array.of(0x0a, 0x02, 0xc3, 0x28)],
  ] as const)("malformed bytes: %s", async ([, method, bytes]) => {
    const failure = await peer.failureOf("send_bytes", { method, data: text(bytes) });
    // Protobuf for JavaScript takes any bytes for text; then there is no model of that name.
    expect(failure.status).toMatch(/^(INVALID_ARGUMENT|NOT_FOUND)$/);
    expect(failure.message).not.toMatch(/ at .*\.[jt]s/);
    await isWell();
  });

  it("malformed bytes in a stream are one failed request of it", async () => {
    // The model's name, and nothing more.
    const nothing = Buffer.from("\n\u0004echo");
    const messages = [text(Uint8Array.of(0xff, 0xff)), text(nothing)];
    const answers = await peer.ask<readonly { readonly error_message: string }[]>("stream_bytes", { messages });
    expect(answers.map(({ error_message }) => error_message).sort()).toEqual([
      expect.stringMatching(/echo.*latent.*missing/),
      expect.stringContaining("are no message of inference.proto"),
    ]);
    await isWell();
  });

  it("an unknown method is told", async () => {
    expect(await peer.failureOf("send_bytes", { method: "ModelDream", data: "" })).toMatchObject({
      status: "UNIMPLEMENTED",
    });
  });

  it("what nobody waits for any more is not computed", async () => {
    const begun = held.hold();
    const first = peer.ask("infer_begin", { model: "held", inputs: good });
    await Promise.all([begun, first]);
    held.asked.length = 0;
    const late = { event_id: integers(77n), energy: energies(5), seed: integers(1n) };
    expect(await refusal({ inputs: late, client_timeout: 0.05 })).toMatchObject({ status: "DEADLINE_EXCEEDED" });
    const gone = { event_id: integers(78n), energy: energies(5), seed: integers(1n) };
    expect(await peer.failureOf("cancel", { model: "held", inputs: gone })).toMatchObject({ status: "CANCELLED" });
    // The client tells of its cancel before the server has heard of it; what is answered after it, was sent after it.
    await peer.ask("is_model_ready", { model: "held" });
    held.release();
    await peer.ask("infer_end");
    await isWell();
    expect(held.asked).toEqual(["1", "2"]);
  });

  it("a full queue is told at once, and what waits is served", async () => {
    const begun = held.hold();
    await peer.ask("infer_begin", { model: "held", inputs: good });
    await begun;
    // Each has two events, and three may wait: of three more requests, one does.
    for (const _ of [1, 2, 3]) await peer.ask("infer_begin", { model: "held", inputs: good });
    for (const _ of [1, 2]) {
      const failure = await peer.failureOf("infer_end");
      expect(failure).toEqual({ status: "RESOURCE_EXHAUSTED", message: expect.stringMatching(/held.* 3/) });
    }
    held.release();
    for (const _ of [1, 2]) expect(await peer.ask("infer_end")).toMatchObject({ model: "held" });
    await isWell();
  });
});

describe.skipIf(!HAS_PYTHON)("who may ask (needs scripts/python-venv.sh)", () => {
  const model = new EchoModel({ latent: ["batch", 6] });
  const inputs = { latent: tensor("FP32", { data: new Float32Array(6), shape: [1, 6] }) };
  const asked = { model: "echo", inputs };

  it("with a token: those who bring one, for the models that it opens", async () => {
    await using server = await startServer(
      [
        { model, name: "echo" },
        { model, name: "other" },
      ],
      {
        tokens: [
          { name: "jobs", sha256: digest("job-token"), models: ["echo"] },
          { name: "all", sha256: digest("all-token"), models: ["*"] },
        ],
      },
    );
    const peer = await ServingPeer.connect(server.endpoint);
    const headers = { authorization: "Bearer job-token" };
    expect(await peer.ask("infer", { ...asked, headers })).toMatchObject({ model: "echo" });
    expect(
      await peer.ask("infer", { ...asked, model: "other", headers: { authorization: "Bearer all-token" } }),
    ).toMatchObject({ model: "other" });
    expect(await peer.failureOf("infer", { ...asked, model: "other", headers })).toMatchObject({
      status: "PERMISSION_DENIED",
    });
    for (const wrong of [undefined, { authorization: "Bearer guess" }, { authorization: "job-token" }]) {
      const failure = await peer.failureOf("infer", { ...asked, ...(wrong && { headers: wrong }) });
      expect(failure.status).toBe("UNAUTHENTICATED");
      expect(failure.message).not.toContain("guess");
      expect(await peer.failureOf("about", { model: "echo", headers: wrong })).toMatchObject({
        status: "UNAUTHENTICATED",
      });
    }
    const index = await peer.ask<{ index: object[] }>("about", { model: "echo", headers });
    expect(index.index).toEqual([{ name: "echo", version: "1", state: "READY" }]);
    expect(await peer.ask("health")).toBe("SERVING");
    peer.stop();
  });

  it("over mutual TLS: those whose certificate the authority signed", async () => {
    await using server = await startServer([{ model, name: "echo" }], {
      tls: { certificate: tls("server.pem"), key: tls("server.key"), clientAuthority: tls("authority.pem") },
    });
    const authority = tls("authority.pem");
    const known = await ServingPeer.connect(server.endpoint, {
      authority,
      certificate: tls("client.pem"),
      key: tls("client.key"),
    });
    expect(await known.ask("infer", asked)).toMatchObject({ model: "echo" });
    expect(await known.ask("health")).toBe("SERVING");
    known.stop();
    for (const stranger of [
      { authority },
      { authority, certificate: tls("strange-client.pem"), key: tls("strange-client.key") },
      { authority: tls("stranger.pem"), certificate: tls("client.pem"), key: tls("client.key") },
      undefined,
    ]) {
      const peer = await ServingPeer.connect(server.endpoint, stranger);
      expect(await peer.failureOf("infer", { ...asked, client_timeout: 5 }), JSON.stringify(stranger)).toMatchObject({
        status: expect.stringMatching(/^(UNAVAILABLE|DEADLINE_EXCEEDED)$/),
      });
      peer.stop();
    }
  });
});
