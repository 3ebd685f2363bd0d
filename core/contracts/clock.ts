import { type Token, token } from "./token.ts";

/** Time, passed in: tests and replays set it. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
}
export const Clock: Token<Clock> = token("clock");
