import type { ElementResources } from "../core/index.ts";
import type { ExecutorFile } from "./batch-executor.ts";
import { UsageError } from "./errors.ts";
import type { ExecutorChoice } from "./executor-options.ts";

/** On this computer an element gets so long before its time limit to save where it is [s], or a tenth of a short limit. */
const LOCAL_WARN_S = 60;

/**
 * What elements get, as it was typed.
 *
 * @param executor - Of a cluster, its profile says when an element is told where nothing was typed.
 * @throws `TWIN_USAGE`
 */
export function elementResources(
  { time, warn, cpus, memory, gpus }: ExecutorChoice,
  executor: ExecutorFile["executor"],
): ElementResources {
  const timeLimitS = time === undefined ? undefined : parseTime(time);
  const isOurs = executor === "local" && timeLimitS !== undefined;
  const warnS = warn ?? (isOurs ? Math.min(LOCAL_WARN_S, Math.ceil(timeLimitS / 10)) : undefined);
  if (timeLimitS !== undefined && warnS !== undefined && warnS >= timeLimitS) {
    throw new UsageError(`--warn ${warnS} is not before the end of --time ${time}: it must be less.`);
  }
  return {
    ...(timeLimitS !== undefined && { timeLimitS }),
    ...(warnS !== undefined && { warnS }),
    ...(cpus !== undefined && { cpus }),
    ...(memory !== undefined && { memoryMiB: parseMemory(memory) }),
    ...(gpus !== undefined && { gpus }),
  };
}

const UNITS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600, d: 86_400 };

/** A time in seconds: `00:30:00`, `1-12:00:00`, `90s`, `30min`, `2h`, `1d`. @throws `TWIN_USAGE` */
export function parseTime(text: string): number {
  const clock = /^(?:(\d+)-)?(\d{1,3}):([0-5]?\d):([0-5]?\d)$/.exec(text);
  const plain = /^(\d+(?:\.\d+)?)(s|min|h|d)$/.exec(text);
  let seconds = 0;
  if (clock) {
    const [, days = "0", hours, minutes, rest] = clock;
    seconds = Number(days) * 86_400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
  } else if (plain) seconds = Math.ceil(Number(plain[1]) * (UNITS[plain[2] as string] as number));
  if (seconds >= 1) return seconds;
  throw new UsageError(
    `"${text}" is no time: say hours:minutes:seconds (00:30:00, 1-12:00:00), or a number with its unit (90s, 30min, 2h, 1d).`,
  );
}

const SIZES: Readonly<Record<string, number>> = { M: 1, G: 1024, T: 1024 ** 2 };

/** @returns MiB */
function parseMemory(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(M|G|T)(?:i?B)?$/.exec(text) ?? [];
  const size = number === undefined ? 0 : Math.ceil(Number(number) * (SIZES[unit as string] as number));
  if (size >= 1) return size;
  throw new UsageError(`"${text}" is no size: say a number with its unit, of 1024s: 500M, 4G, 1T.`);
}
