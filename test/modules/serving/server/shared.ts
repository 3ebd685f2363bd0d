import { setImmediate } from "node:timers/promises";
import type { Client, ClientDuplexStream, Metadata, ServiceError } from "@grpc/grpc-js";
import {
  checkGenerateRequest,
  type GeneratedBatch,
  type GenerateRequest,
  type Generator,
  type Log,
  type LogFields,
  NdArray,
  seedOf,
} from "../../../../core/index.ts";
import {
  InferenceServer,
  type InferenceServerOptions,
  type InferenceServerParts,
  type Servable,
} from "../../../../modules/serving/index.ts";
import { loadProtos } from "../../../../modules/serving/protocol/load-protos.ts";
import type {
  InferenceClient,
  ModelInferRequestInit,
  ModelInferResponse,
  ModelStreamInferResponse,
} from "../../../../modules/serving/protocol/messages.ts";
import { decodeTensors, encodeTensors } from "../../../../modules/serving/protocol/tensors.ts";

/** Values of one event of a {@link FakeGenerator}. */
export const VALUES = 24;

/**
 * A generator whose events tell what they were made of: their first values are the id, the energy, the seed, and `mark`; all
 * others 0. Each batch waits for {@link gate}, so that tests decide when it is done.
 */
export class FakeGenerator implements Generator {
  readonly model: string;
  readonly validity = { incident_energy: { unit: "MeV", min: 1, max: 1000 } };
  readonly outputs = {
    showers: { dtype: "float32", dims: ["layer", "cell"], shape: [4, VALUES / 4], unit: "MeV" },
  } as const;
  readonly mark: number;
  /** Sizes of the batches that were begun. */
  readonly begun: number[] = [];
  gate: () => Promise<unknown> = () => Promise.resolve();

  constructor(model = "fake", mark = 0) {
    this.model = model;
    this.mark = mark;
  }

  async *generate(
    request: GenerateRequest,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<GeneratedBatch> {
    checkGenerateRequest(this, request);
    const count = request.eventIds.length;
    this.begun.push(count);
    await this.gate();
    signal?.throwIfAborted();
    const data = new Float32Array(count * VALUES);
    const energies = request.conditions["incident_energy"] as Float64Array;
    for (let event = 0; event < count; event++) {
      const energy = energies[event] as number;
      data.set([Number(request.eventIds[event]), energy, Number(seedOf(request, event)), this.mark], event * VALUES);
    }
    const shape = [count, ...this.outputs.showers.shape];
    yield { start: 0, count, arrays: { showers: new NdArray(data, { dtype: "float32", shape }) } };
  }
}

/** A door that tests open. */
export class Gate {
  #open!: () => void;
  readonly opened: Promise<void> = new Promise((resolve) => {
    this.#open = resolve;
  });

  open(): void {
    this.#open();
  }
}

/** What a log was told, by level. */
export class FakeLog implements Log {
  readonly lines: { readonly level: string; readonly fields: LogFields; readonly message: string }[] = [];

  debug(fields: LogFields, message: string): void {
    this.lines.push({ level: "debug", fields, message });
  }
  info(fields: LogFields, message: string): void {
    this.lines.push({ level: "info", fields, message });
  }
  warn(fields: LogFields, message: string): void {
    this.lines.push({ level: "warn", fields, message });
  }
  error(fields: LogFields, message: string): void {
    this.lines.push({ level: "error", fields, message });
  }
}

/** A server on a free port of this machine, without metrics. */
export async function startServer(
  servables: readonly Servable[],
  options: InferenceServerOptions = {},
  parts: Partial<InferenceServerParts> = {},
): Promise<InferenceServer & AsyncDisposable> {
  const server = new InferenceServer({ port: 0, metricsPort: false, ...options }, { log: new FakeLog(), ...parts });
  await server.start();
  if (servables.length > 0) await server.publish(servables);
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.stop() });
}

/** A client as anybody would write it, with grpc-js alone. */
export class PlainClient implements Disposable {
  readonly client: InferenceClient;

  constructor(client: InferenceClient) {
    this.client = client;
  }

  static async of(
    server: InferenceServer,
    options: { readonly credentials?: import("@grpc/grpc-js").ChannelCredentials; readonly channel?: object } = {},
  ): Promise<PlainClient> {
    const { grpc, Service } = await loadProtos();
    const { host, port } = server.address;
    const credentials = options.credentials ?? grpc.credentials.createInsecure();
    return new PlainClient(
      new Service(`${host}:${port}`, credentials, {
        "grpc.max_receive_message_length": -1,
        "grpc.max_send_message_length": -1,
        "grpc.use_local_subchannel_pool": 1,
        ...options.channel,
      }),
    );
  }

  /** Asks a method that is answered once. */
  async ask<Answer>(
    method: keyof InferenceClient & string,
    message: object = {},
    { token, deadline, signal }: { token?: string; deadline?: number; signal?: AbortSignal } = {},
  ): Promise<Answer> {
    const { grpc } = await loadProtos();
    const metadata: Metadata = new grpc.Metadata();
    if (token !== undefined) metadata.set("authorization", `Bearer ${token}`);
    return await new Promise<Answer>((resolve, reject) => {
      const unary = this.client[method] as unknown as (
        message: object,
        metadata: Metadata,
        options: object,
        done: (error: ServiceError | null, answer: Answer) => void,
      ) => { cancel(): void };
      const call = unary.call(
        this.client,
        message,
        metadata,
        deadline === undefined ? {} : { deadline },
        (error, answer) => (error ? reject(error) : resolve(answer)),
      );
      signal?.addEventListener("abort", () => call.cancel());
    });
  }

  /** Events of a {@link FakeGenerator}. */
  async generate(
    message: ModelInferRequestInit,
    options: Parameters<PlainClient["ask"]>[2] = {},
  ): Promise<ModelInferResponse> {
    return await this.ask<ModelInferResponse>("ModelInfer", message, options);
  }

  stream(): ClientDuplexStream<ModelInferRequestInit, ModelStreamInferResponse> {
    return this.client.ModelStreamInfer();
  }

  [Symbol.dispose](): void {
    (this.client as unknown as Client).close();
  }
}

/** A request for events of a {@link FakeGenerator}. */
export function eventsRequest(
  eventIds: readonly number[],
  more: { readonly model?: string; readonly seed?: bigint; readonly energy?: number } & ModelInferRequestInit = {},
): ModelInferRequestInit {
  const { model = "fake", seed = 7n, energy = 100, ...message } = more;
  const rows = eventIds.length;
  const { tensors, raw } = encodeTensors({
    event_id: new NdArray(BigInt64Array.from(eventIds, BigInt), { dtype: "int64", shape: [rows, 1] }),
    incident_energy: new NdArray(new Float64Array(rows).fill(energy), { dtype: "float64", shape: [rows, 1] }),
    seed: new NdArray(new BigInt64Array(rows).fill(seed), { dtype: "int64", shape: [rows, 1] }),
  });
  return { model_name: model, inputs: tensors, raw_input_contents: raw, ...message };
}

/** First values of each event of a response: id, energy, seed, mark. */
export function eventsOf({ outputs, raw_output_contents }: ModelInferResponse): readonly (readonly number[])[] {
  const { showers } = decodeTensors(outputs, raw_output_contents);
  const values = showers?.contiguous().values() as Float32Array;
  const rows = showers?.shape[0] ?? 0;
  return Array.from({ length: rows }, (_, event) => [...values.subarray(event * VALUES, event * VALUES + 4)]);
}

/** Waits until something is so, by turns of the event loop. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setImmediate();
}

/** How a promise of a call failed: its status by name, text, and our code. */
export async function failureOf(
  call: Promise<unknown>,
): Promise<{ status: string; details: string; code: string | undefined }> {
  const { grpc } = await loadProtos();
  try {
    await call;
  } catch (error) {
    const { code, details, metadata } = error as ServiceError;
    return {
      status: grpc.status[code] as string,
      details,
      code: metadata.get("twinloom-error-code")[0] as string | undefined,
    };
  }
  throw new Error("The call did not fail.");
}
