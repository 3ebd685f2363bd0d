import { parentPort } from "node:worker_threads";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import type { WorkerFailure, WorkerMessage } from "../../../core/index.ts";
import {
  CLOSED,
  type FailureKind,
  INSIDE,
  type Loaded,
  type LoadRequest,
  OPEN,
  type RunRequest,
  type RunResult,
  type WireData,
  type WireTensor,
  type WorkerRequest,
} from "./protocol.ts";

type Runtime = typeof import("onnxruntime-node");

/** A failure with its kind, as an error. */
class RequestFailure extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** Index in a message's `shared`; 1 once the caller has lost interest. */
const CANCELLED = 0;
const sessions = new Map<number, InferenceSession>();
let loading: Promise<Runtime> | undefined;

// One after another: the client sends the next request when this one is answered.
parentPort?.on("message", (message: WorkerMessage<WorkerRequest>) => void answer(message));

async function answer({ id, request, shared }: WorkerMessage<WorkerRequest>): Promise<void> {
  try {
    if (request.op !== "release" && Atomics.load(shared, CANCELLED) !== 0) {
      throw new RequestFailure("cancelled", "the caller has cancelled it");
    }
    const value = await perform(request);
    parentPort?.postMessage(
      { id, value },
      value && "spent" in value ? [...buffersOf(value.outputs), ...value.spent] : [],
    );
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const failure: WorkerFailure<FailureKind> = {
      kind: error instanceof RequestFailure ? error.kind : "compute",
      message,
    };
    parentPort?.postMessage({ id, failure });
  }
}

type WireTensors = Readonly<Record<string, WireTensor>>;

async function perform(request: WorkerRequest): Promise<Loaded | RunResult | undefined> {
  if (request.op === "load") return await load(request);
  if (request.op === "run") return await run(request);
  const session = sessions.get(request.session);
  sessions.delete(request.session);
  await inside(request.gate, async () => await session?.release());
  return undefined;
}

async function load(request: LoadRequest): Promise<Loaded> {
  loading ??= loadRuntime();
  const runtime = await loading;
  const { provider, gate } = request;
  const create = (name: string): Promise<InferenceSession> =>
    inside(gate, () => runtime.InferenceSession.create(request.bytes, sessionOptions(name, request.threads)));
  let session: InferenceSession | undefined;
  let fallbackReason: string | undefined;
  if (provider === "cuda") {
    session = await create("cuda").catch((error: Error) => {
      fallbackReason = error.message;
      return undefined;
    });
  }
  try {
    session ??= await create("cpu");
  } catch (error) {
    throw new RequestFailure("unreadable", (error as Error).message, { cause: error });
  }
  sessions.set(request.session, session);
  const { inputNames, outputNames } = session;
  if (fallbackReason === undefined) return { inputs: inputNames, outputs: outputNames, provider };
  return { inputs: inputNames, outputs: outputNames, provider: "cpu", fallbackReason };
}

async function loadRuntime(): Promise<Runtime> {
  // With it (Node 24), ONNX Runtime takes halves as Float16Array, in which its binding then finds 0 bytes (1.30): "not
  // enough space: expected 4, got 0". Without it, it takes them as their bits. This thread is ours alone.
  Reflect.deleteProperty(globalThis, "Float16Array");
  try {
    const runtime = await import("onnxruntime-node");
    // What it would print is in its errors already.
    runtime.env.logLevel = "fatal";
    return runtime;
  } catch (error) {
    throw new RequestFailure("load", (error as Error).message, { cause: error });
  }
}

/**
 * `extended` fuses operators by the graph alone. `all` would also change the layout of arrays by the processor's vector
 * length, and with it the order of sums. Threads that spin while they wait would take the processor from others.
 */
function sessionOptions(provider: string, threads: number): InferenceSession.SessionOptions {
  return {
    executionProviders: [provider],
    executionMode: "sequential",
    graphOptimizationLevel: "extended",
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    extra: { session: { intra_op: { allow_spinning: "0" }, inter_op: { allow_spinning: "0" } } },
  };
}

async function run({ session: number, feeds, gate }: RunRequest): Promise<RunResult> {
  const session = sessions.get(number);
  const runtime = await loading;
  if (session === undefined || runtime === undefined) throw new RequestFailure("lost", "its session is gone");
  const tensors = Object.entries(feeds).map(([name, { dtype, data, shape }]) => {
    return [name, new runtime.Tensor(dtype as "float32", data as Float32Array, shape)] as const;
  });
  const computed = await inside(gate, () => session.run(Object.fromEntries(tensors)));
  const outputs = Object.fromEntries(Object.entries(computed).map(([name, tensor]) => [name, toWire(tensor)]));
  const given = new Set(buffersOf(outputs));
  // A graph may hand an input on as it is.
  return { outputs, spent: buffersOf(feeds).filter((buffer) => !given.has(buffer)) };
}

function toWire({ type, data, dims }: Tensor): WireTensor {
  return { dtype: type as WireTensor["dtype"], shape: [...dims], data: data as WireData };
}

function buffersOf(tensors: WireTensors): ArrayBuffer[] {
  const buffers = Object.values(tensors).flatMap(({ data }) => (Array.isArray(data) ? [] : [data.buffer]));
  return [...new Set(buffers)];
}

/** Does something in ONNX Runtime, while the process must not end this thread. */
async function inside<T>(gate: Int32Array, work: () => Promise<T>): Promise<T> {
  if (Atomics.compareExchange(gate, 0, OPEN, INSIDE) === CLOSED) {
    throw new RequestFailure("cancelled", "the process is ending");
  }
  try {
    return await work();
  } finally {
    Atomics.compareExchange(gate, 0, INSIDE, OPEN);
    Atomics.notify(gate, 0);
  }
}
