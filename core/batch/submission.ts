import type { Digest } from "../canonical/digest.ts";

/** Tokens of submissions. */
export const TOKEN: RegExp = /^[0-9a-f]{32}$/;

/** What one array runs; written to `submissions/<token>.json` before the array is submitted. Elements read it. */
export interface Submission {
  readonly token: string;
  /** Id of the batch. */
  readonly batch: Digest;
  readonly stage: string;
  /** Runs of the stage, `[element][…]`: each element runs its own one after the other, in one process. */
  readonly elements: readonly (readonly number[])[];
}
