import { type Token, token } from "./token.ts";

/** Structured log. Fields hold facts (never secrets, never payloads), the message is a constant sentence. */
export interface Log {
  /** For whoever looks for a fault. */
  debug(fields: LogFields, message: string): void;
  /** A step that a user may want to know of. */
  info(fields: LogFields, message: string): void;
  /** Something is odd, and work goes on. */
  warn(fields: LogFields, message: string): void;
  /** Something failed. */
  error(fields: LogFields, message: string): void;
}
export const Log: Token<Log> = token("log");

/** Facts beside a log message. */
export type LogFields = Readonly<Record<string, unknown>>;
