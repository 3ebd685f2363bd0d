import { type Token, token } from "./token.ts";

/** Structured log. Fields hold facts (never secrets, never payloads), the message is a constant sentence. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}
export const Log: Token<Log> = token("log");

/** Facts beside a log message. */
export type LogFields = Readonly<Record<string, unknown>>;
