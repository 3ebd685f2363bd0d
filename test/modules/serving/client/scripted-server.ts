import type { Server, ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { NdArray } from "twinloom";
import { loadProtos } from "../../../../modules/serving/protocol/load-protos.ts";
import type { ModelInferRequest, ModelInferResponseInit } from "../../../../modules/serving/protocol/messages.ts";
import { decodeTensors, encodeTensors } from "../../../../modules/serving/protocol/tensors.ts";
import { FakeGenerator, VALUES } from "../server/shared.ts";

/** How a call of a {@link ScriptedServer} ends. */
export type Scripted =
  | ModelInferResponseInit
  | { readonly code: number; readonly details: string; readonly errorCode?: string };

/** What a {@link ScriptedServer} does; the rest is as a server of Twinloom that serves a `FakeGenerator` does it. */
export interface Script {
  /** Answers a ModelInfer; `index` counts from 0. By default as {@link answerTo}. A promise that never ends hangs. */
  infer?(request: ModelInferRequest, index: number): Scripted | Promise<Scripted>;
  /** A ModelInfer was cancelled. */
  onCancel?(index: number): void;
  readonly metadata?: object;
  readonly config?: object;
  readonly extensions?: readonly string[];
  ready?(): boolean;
  readonly port?: number;
  /** Address to listen at, in place of a port. */
  readonly address?: string;
}

/** A server that says what a test tells it to. */
export interface ScriptedServer extends AsyncDisposable {
  readonly endpoint: string;
  readonly port: number;
  /** ModelInfer requests so far. */
  readonly requests: readonly ModelInferRequest[];
  /** Metadata of those requests. */
  readonly tokens: readonly (string | undefined)[];
  /** Names of all methods that were called. */
  readonly methods: readonly string[];
  /** Ends all connections at once, answered or not. */
  kill(): void;
}

const { validity, outputs } = new FakeGenerator();
export const GENERATOR_TEXT = JSON.stringify({
  validity,
  outputs,
  facts: { provider: "cpu", geometry: { name: "box" } },
});

/** Metadata of a served `FakeGenerator`. */
export const METADATA = {
  name: "fake",
  versions: ["1"],
  platform: "scripted",
  inputs: [
    { name: "event_id", datatype: "INT64", shape: [-1, 1] },
    { name: "incident_energy", datatype: "FP64", shape: [-1, 1] },
    { name: "seed", datatype: "INT64", shape: [-1, 1] },
  ],
  outputs: [{ name: "showers", datatype: "FP32", shape: [-1, 4, VALUES / 4] }],
  properties: { identity: "fake/1", "twinloom.generator": GENERATOR_TEXT },
};

/** What a server that serves a `FakeGenerator` answers, dense; `change` goes into the response. */
export function answerTo(request: ModelInferRequest, change: ModelInferResponseInit = {}): ModelInferResponseInit {
  const given = decodeTensors(request.inputs, request.raw_input_contents);
  const ids = given["event_id"]?.values() as BigInt64Array;
  const energies = given["incident_energy"]?.toFloat64() as Float64Array;
  const { int64_param, uint64_param } = request.parameters?.["seed"] ?? {};
  const seed = int64_param ?? uint64_param ?? String((given["seed"] as NdArray).values()[0]);
  const data = new Float32Array(ids.length * VALUES);
  for (const [event, id] of ids.entries()) {
    data.set([Number(id), energies[event] as number, Number(seed), 0], event * VALUES);
  }
  return answerOf({ showers: new NdArray(data, { dtype: "float32", shape: [ids.length, 4, VALUES / 4] }) }, change);
}

/** A response with these outputs. */
export function answerOf(
  arrays: Readonly<Record<string, NdArray>>,
  change: ModelInferResponseInit = {},
): ModelInferResponseInit {
  const { tensors, raw } = encodeTensors(arrays);
  return {
    model_name: "fake",
    model_version: "1",
    parameters: { identity: { string_param: "fake/1" } },
    outputs: tensors,
    raw_output_contents: raw,
    ...change,
  };
}

export async function scriptedServer(script: Script = {}): Promise<ScriptedServer> {
  const { grpc, Service } = await loadProtos();
  const server: Server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  const requests: ModelInferRequest[] = [];
  const tokens: (string | undefined)[] = [];
  const methods: string[] = [];
  const simple =
    (name: string, answer: () => object | undefined) =>
    (_call: unknown, done: sendUnaryData<object>): void => {
      methods.push(name);
      const given = answer();
      if (given) done(null, given);
      else done({ code: grpc.status.UNIMPLEMENTED, details: `no ${name} here` });
    };
  server.addService(Service.service, {
    ServerMetadata: simple("ServerMetadata", () => ({
      name: "scripted",
      version: "3",
      extensions: script.extensions ?? ["twinloom"],
    })),
    ModelMetadata: simple("ModelMetadata", () => script.metadata ?? METADATA),
    ModelConfig: simple("ModelConfig", () => script.config && { config: script.config }),
    ModelReady: simple("ModelReady", () => ({ ready: script.ready?.() ?? true })),
    ModelInfer: async (
      call: ServerUnaryCall<ModelInferRequest, ModelInferResponseInit>,
      done: sendUnaryData<object>,
    ) => {
      methods.push("ModelInfer");
      tokens.push(call.metadata.get("authorization")[0] as string | undefined);
      const index = requests.push(call.request) - 1;
      call.on("cancelled", () => script.onCancel?.(index));
      const answer = await (script.infer ?? ((request: ModelInferRequest) => answerTo(request)))(call.request, index);
      if (!("code" in answer)) return done(null, answer);
      const metadata = new grpc.Metadata();
      if (answer.errorCode) metadata.set("twinloom-error-code", answer.errorCode);
      done({ code: answer.code, details: answer.details, metadata });
    },
  } as never);
  const port = await new Promise<number>((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    server.bindAsync(script.address ?? `127.0.0.1:${script.port ?? 0}`, credentials, (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    endpoint: script.address ?? `127.0.0.1:${port}`,
    port,
    requests,
    tokens,
    methods,
    kill: () => server.forceShutdown(),
    [Symbol.asyncDispose]: async () => server.forceShutdown(),
  };
}
