import { parentPort } from "node:worker_threads";
import type { WorkerFailure, WorkerMessage } from "../../../core/index.ts";
import { BytePort } from "./byte-port.ts";
import { decodeBasket } from "./decode-basket.ts";
import { describeFile } from "./describe-file.ts";
import { describeHistogram, histogramArrays } from "./describe-histogram.ts";
import { RequestFailure, reasonOf } from "./failure.ts";
import { type Jsroot, loadJsroot } from "./jsroot.ts";
import { openBasket } from "./open-basket.ts";
import { CANCELLED, type DecodedBasket, type FailureKind, PROGRESS, type WorkerRequest } from "./protocol.ts";
import { RootFile } from "./root-file.ts";

let loading: Promise<Jsroot> | undefined;
/** The request that is being worked on. */
let currentId = 0;

parentPort?.on("message", (message: WorkerMessage<WorkerRequest>) => void answer(message));

// jsroot throws in callbacks of its own on some damaged files, and what it was asked for is then never answered.
for (const event of ["unhandledRejection", "uncaughtException"] as const) {
  process.on(event, (error) => {
    parentPort?.postMessage({ id: currentId, failure: { kind: "fatal", message: `jsroot failed: ${String(error)}` } });
  });
}

async function answer({ id, request, shared }: WorkerMessage<WorkerRequest>): Promise<void> {
  currentId = id;
  const progress = (): void => void Atomics.add(shared, PROGRESS, 1);
  const tick = (): void => {
    progress();
    if (Atomics.load(shared, CANCELLED) !== 0) throw new RequestFailure("cancelled", "the caller has cancelled it");
  };
  try {
    const value = await perform(request, { tick, progress });
    parentPort?.postMessage({ id, value }, request.op === "decode" ? transferable(value as DecodedBasket[]) : []);
  } catch (error) {
    parentPort?.postMessage({ id, failure: failureOf(error) });
  }
}

async function perform(
  request: WorkerRequest,
  { tick, progress }: { tick(): void; progress(): void },
): Promise<unknown> {
  if (request.op === "decode") return await decode(request, tick);
  const bytes = new BytePort(request.bytes, request.file, progress);
  try {
    loading ??= loadJsroot();
    const file = await RootFile.open(await loading, bytes, request.file);
    tick();
    if (request.op === "describe") return await describeFile(file, tick);
    const { key } = request;
    const object = await file.object(key);
    return histogramArrays(object, describeHistogram(object, key, key.name));
  } finally {
    bytes.close();
  }
}

/** Baskets decompressed at a time: as many threads as Node has for it. */
const AT_ONCE = 4;

async function decode(request: Extract<WorkerRequest, { op: "decode" }>, tick: () => void): Promise<DecodedBasket[]> {
  const { baskets, buffers, layout } = request;
  const decoded = new Array<DecodedBasket>(baskets.length);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let number = next++; number < baskets.length; number = next++) {
      tick();
      const basket = baskets[number];
      const buffer = buffers[basket?.buffer ?? -1];
      if (basket === undefined || buffer === undefined) continue;
      const bytes = buffer.subarray(basket.start, basket.start + basket.length);
      decoded[number] = decodeBasket(await openBasket(bytes, basket, unzipByJsroot), layout);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return decoded;
}

/** jsroot is loaded only for what nobody else can decompress. */
async function unzipByJsroot(block: DataView, size: number): Promise<DataView | null> {
  loading ??= loadJsroot();
  return await (await loading).unzip(block, size);
}

function failureOf(error: unknown): WorkerFailure<FailureKind> {
  if (error instanceof RequestFailure) return { kind: error.kind, message: error.message };
  // Whatever else jsroot or our own reading of damaged bytes throws.
  return { kind: "file", message: reasonOf(error) };
}

/** Buffers that are moved rather than copied. */
function transferable(baskets: readonly DecodedBasket[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { values, counts, innerCounts } of baskets) {
    for (const array of [values, counts, innerCounts]) {
      if (array !== undefined && !Array.isArray(array)) buffers.add(array.buffer);
    }
  }
  return [...buffers];
}
