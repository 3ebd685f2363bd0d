import type { Log, LogFields } from "../core/index.ts";
import type { CommandIo } from "./command.ts";
import { harmless } from "./harmless.ts";
import { jsonText } from "./json-text.ts";

/** From the most to the least. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/** How much a log tells. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A log of JSON lines on standard error. */
export function jsonLog(least: LogLevel, io: Pick<CommandIo, "warn">): Log {
  const say = (level: LogLevel): Log["info"] => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least)) return () => undefined;
    return (fields, message) => {
      io.warn(harmless(jsonText({ time: new Date().toISOString(), level, ...plain(fields), message })));
    };
  };
  return { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
}

/** Errors have no fields of their own that JSON would show. */
function plain(fields: LogFields): Readonly<Record<string, unknown>> {
  const entries = Object.entries(fields).map(([name, value]) => {
    return [name, value instanceof Error ? { name: value.name, message: value.message } : value] as const;
  });
  return Object.fromEntries(entries);
}
