import {
  constant,
  createTwin,
  type GeneratedBatch,
  type GenerateRequest,
  Generator,
  Log,
  type NdArray,
} from "twinloom";
import { type RemoteGenerator, type RemoteGeneratorOptions, remoteGenerator } from "twinloom/modules/serving";
import { NO_LOG } from "../../../servers/inference-server.ts";

/** A part that asks servers, in a twin of its own. */
export interface Remote extends AsyncDisposable {
  readonly generator: RemoteGenerator;
}

/** A remote generator called `fake`, with a short time, and a fallback where one is given. */
export async function remoteOf(
  endpoints: readonly string[],
  options: Partial<RemoteGeneratorOptions> = {},
  fallback?: Generator,
  log: Log = NO_LOG,
): Promise<Remote> {
  const remote = remoteGenerator({ endpoints, model: "fake", timeoutMs: 5000, ...options });
  if (!fallback) {
    const twin = await createTwin({ plugins: { remote, log: constant(Log, log) } });
    return { generator: twin.remote, [Symbol.asyncDispose]: () => twin[Symbol.asyncDispose]() };
  }
  const twin = await createTwin({
    plugins: { remote, spare: constant(Generator, fallback), log: constant(Log, log) },
    wire: { remote: { fallback: "spare" } },
  });
  return { generator: twin.remote, [Symbol.asyncDispose]: () => twin[Symbol.asyncDispose]() };
}

/** A request for so many events, whose ids count up from 0. */
export function eventsAsked(count: number, change: Partial<GenerateRequest> = {}): GenerateRequest {
  return {
    conditions: { incident_energy: Float64Array.from({ length: count }, (_, event) => 1 + (event % 999)) },
    eventIds: BigInt64Array.from({ length: count }, (_, event) => BigInt(event)),
    seed: 11n,
    batchSize: 10,
    ...change,
  };
}

/** What a generator makes, in one list. */
export async function all(generator: Generator, request: GenerateRequest): Promise<readonly GeneratedBatch[]> {
  const batches: GeneratedBatch[] = [];
  for await (const batch of generator.generate(request)) batches.push(batch);
  return batches;
}

/** The values of all events of all batches, in their order. */
export function valuesOf(batches: readonly GeneratedBatch[], output = "showers"): Float32Array {
  return Float32Array.from(
    batches.flatMap(({ arrays }) => [...((arrays[output] as NdArray).values() as Float32Array)]),
  );
}
