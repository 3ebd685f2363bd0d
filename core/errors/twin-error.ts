/**
 * Base of every error that Twinloom throws on purpose.
 *
 * `code` is stable and listed in `docs/errors.md`; the message is for people and may change. The message says what
 * failed, on what, what there is instead, and what to do. A cancelled call is the one exception: it rejects with the
 * `reason` of its `AbortSignal`, as the platform does.
 */
export abstract class TwinError extends Error {
  /** Stable identifier, `TWIN_…`. */
  abstract readonly code: string;
  /** Failures of the clean-up that followed this one; absent when it went well. */
  declare readonly suppressed?: readonly unknown[];
}
