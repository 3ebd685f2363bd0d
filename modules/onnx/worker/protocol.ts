import type { DType } from "../../../core/index.ts";

/** What is asked of the thread that owns ONNX Runtime. */
export type WorkerRequest = LoadRequest | RunRequest | ReleaseRequest;

interface AnyRequest {
  /** Which model: a number that no other model of this process has. */
  readonly session: number;
  /** Shared by both threads: see {@link OPEN}. */
  readonly gate: Int32Array;
}

export interface LoadRequest extends AnyRequest {
  readonly op: "load";
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly provider: ProviderName;
  /** Threads that one operator may use. */
  readonly threads: number;
}

export interface RunRequest extends AnyRequest {
  readonly op: "run";
  readonly feeds: Readonly<Record<string, WireTensor>>;
}

export interface ReleaseRequest extends AnyRequest {
  readonly op: "release";
}

export type ProviderName = "cpu" | "cuda";

/** A tensor on its way; float16 as its 16 bits. */
export interface WireTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: WireData;
}

export type WireData =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | string[];

/** What came of loading. */
export interface Loaded {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly provider: ProviderName;
  readonly fallbackReason?: string;
}

/** What came of a run. */
export interface RunResult {
  readonly outputs: Readonly<Record<string, WireTensor>>;
  /** The memory of the feeds, which goes back. */
  readonly spent: readonly ArrayBuffer[];
}

/** Why a request failed; `"lost"`: there is no such session, `"load"`: ONNX Runtime itself cannot be loaded. */
export type FailureKind = "cancelled" | "lost" | "load" | "unreadable" | "compute";

/**
 * States of the gate, a number in shared memory. The thread passes it to work; the process closes it before it ends, and
 * waits until nobody is inside: a thread that is ended while it is in ONNX Runtime takes the whole process down (its binding
 * throws a C++ exception that nobody catches; measured with onnxruntime-node 1.30).
 */
export const OPEN = 0;
export const INSIDE = 1;
export const CLOSED = 2;
