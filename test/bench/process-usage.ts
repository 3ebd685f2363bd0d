import { readFileSync } from "node:fs";

const WINDOWS = 8;
/** Of the kernel, as /proc counts them: USER_HZ, 100 on every machine that Linux runs on today. */
const TICKS_PER_SECOND = 100;

/** How much the memory of a process changes. */
export interface Flatness {
  /** Median of each window, MB. */
  readonly windows_mb: readonly number[];
  /** The largest window over the smallest, less 1. */
  readonly spread: number;
  /** The last window over the first, less 1. */
  readonly growth: number;
}

/** Time that a process has had of processors until now, s: its own, and that of the kernel for it. Linux only. */
export function processorSeconds(pid: number): number {
  // The name of the program, in brackets, may hold spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory of a process, MB. */
export function residentMegabytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1000;
}

/**
 * How flat the memory is after the warm-up, the first fifth: medians of windows, as single samples go up and down with the
 * garbage collector.
 */
export function flatness(samples: readonly number[]): Flatness {
  const settled = samples.slice(Math.ceil(samples.length / 5));
  const size = settled.length / WINDOWS;
  const windows = Array.from({ length: WINDOWS }, (_, window) => {
    const sorted = settled.slice(Math.floor(window * size), Math.floor((window + 1) * size)).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  });
  const rounded = (value: number): number => Math.round(1000 * value) / 1000;
  return {
    windows_mb: windows.map(Math.round),
    spread: rounded(Math.max(...windows) / Math.min(...windows) - 1),
    growth: rounded((windows.at(-1) as number) / (windows[0] as number) - 1),
  };
}
