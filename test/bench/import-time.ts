import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import type { BenchRow } from "./row.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const ROUNDS = 15;

/** What is timed: programs in a fresh process. The first is the peer: Node itself, doing nothing. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  nothing: ["--input-type=module", "--eval", "0"],
  built: ["--input-type=module", "--eval", `await import("twinloom")`],
  source: ["--conditions=@twinloom/source", "--input-type=module", "--eval", `await import("twinloom")`],
};

/**
 * How long `import "twinloom"` takes, from the built package and from the sources, in fresh processes that take turns so
 * that a busy machine slows all of them alike. The time of an empty process is the peer.
 */
export function importTimeBench(): readonly BenchRow[] {
  const programs = Object.keys(PROGRAMS).filter(
    (name) => name !== "built" || existsSync(`${REPOSITORY}/dist/core/index.js`),
  );
  const times = new Map(programs.map((name): [string, number[]] => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of programs) times.get(name)?.push(wallMs(PROGRAMS[name] as readonly string[]));
  }
  const nothing = median(times.get("nothing") ?? []);
  return programs
    .filter((name) => name !== "nothing")
    .map((name) => {
      const sorted = [...(times.get(name) ?? [])].sort((a, b) => a - b);
      const value = median(sorted);
      return {
        name: `import twinloom (${name})`,
        value,
        unit: "ms",
        peer: nothing,
        ratio: value / nothing,
        noise: `${sorted[0]?.toFixed(0)} to ${sorted.at(-1)?.toFixed(0)}`,
        note: `whole process; an empty one is the peer, so the import itself is ${(value - nothing).toFixed(0)} ms`,
      };
    });
}

function wallMs(options: readonly string[]): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, options, { cwd: REPOSITORY, encoding: "utf8" });
  if (status !== 0) throw new Error(`The timed program failed: ${stderr}`);
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
