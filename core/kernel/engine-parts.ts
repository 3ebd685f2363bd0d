import { Clock } from "../contracts/clock.ts";
import { Log } from "../contracts/log.ts";
import { definePlugin, type Plugin } from "./plugin.ts";
import { ENGINE_VERSION } from "./version.ts";

/** A part that the engine adds to a twin that has none of its kind. */
export interface EnginePart {
  /** No user's part can have such a name. */
  readonly part: string;
  readonly plugin: Plugin;
}

const warningsToStandardError = definePlugin({
  name: "twinloom#log",
  version: ENGINE_VERSION,
  provides: Log,
  // Imported here: a program that only imports the engine loads no logger.
  create: async (): Promise<Log> => {
    const { pino } = await import("pino");
    const log: Log = pino({ level: "warn" }, pino.destination({ dest: 2, sync: true }));
    return log;
  },
});

const wallClock = definePlugin({
  name: "twinloom#clock",
  version: ENGINE_VERSION,
  provides: Clock,
  create: (): Clock => ({ now: () => Date.now() }),
});

/** By token: a log of warnings as JSON lines on standard error, and the wall clock. */
export const ENGINE_PARTS: ReadonlyMap<symbol, EnginePart> = new Map<symbol, EnginePart>([
  [Log, { part: "twinloom:log", plugin: warningsToStandardError() }],
  [Clock, { part: "twinloom:clock", plugin: wallClock() }],
]);
