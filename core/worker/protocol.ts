/** Why a request failed. */
export interface WorkerFailure<Kind extends string = string> {
  /** `"fatal"`: the worker cannot go on and must be replaced. `"stopped"`: the client was. Else the worker's own. */
  readonly kind: Kind | "fatal" | "stopped";
  readonly message: string;
}

/** A request on its way to a worker. */
export interface WorkerMessage<Request> {
  readonly id: number;
  readonly request: Request;
  /** Two numbers in shared memory: [0] is 1 once the caller has lost interest, [1] the worker counts up as it advances. */
  readonly shared: Int32Array;
}

/** Index in {@link WorkerMessage.shared}. */
export const CANCELLED = 0;
/** Index in {@link WorkerMessage.shared}. */
export const PROGRESS = 1;

/** What comes back. */
export type WorkerReply<Kind extends string = string> =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: WorkerFailure<Kind> };
