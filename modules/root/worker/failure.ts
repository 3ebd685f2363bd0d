import type { FailureKind } from "./protocol.ts";

/** A request that fails by a reason that we know. */
export class RequestFailure extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** The bytes contradict themselves. */
export function damaged(problem: string): RequestFailure {
  return new RequestFailure("file", problem);
}

/** What was thrown, in words. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
