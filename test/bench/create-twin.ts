import { performance } from "node:perf_hooks";
import { z } from "zod";
import {
  createTwin,
  definePlugin,
  type Needs,
  type Plugin,
  type Plugins,
  type Token,
  token,
} from "../../core/index.ts";
import type { BenchRow } from "./row.ts";

const PARTS = 50;
const ROUNDS = 40;

/**
 * How long `createTwin` takes with 50 plugins, each with validated options, a start and a stop, and each but the first
 * two needing two of the others: once in a fresh process's cold code, with the import of the logger, and then again and
 * again. The parts themselves do nothing, so this is all the engine's own time.
 */
export async function createTwinBench(): Promise<readonly BenchRow[]> {
  const first = await createMs();
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) times.push(await createMs());
  times.sort((a, b) => a - b);
  const at = (fraction: number): number => times[Math.floor(fraction * (times.length - 1))] ?? Number.NaN;
  return [
    { name: `createTwin, ${PARTS} plugins, first`, value: first, unit: "ms", note: "cold code, imports the logger" },
    {
      name: `createTwin, ${PARTS} plugins, again`,
      value: at(0.5),
      unit: "ms",
      noise: `${at(0.1).toFixed(2)} to ${at(0.9).toFixed(2)}`,
      note: `median of ${ROUNDS}`,
    },
  ];
}

async function createMs(): Promise<number> {
  const plugins = composition();
  const start = performance.now();
  const twin = await createTwin({ plugins });
  const elapsed = performance.now() - start;
  await twin.stop();
  return elapsed;
}

/** Fresh plugins each time: nothing of an earlier twin is reused. Listed in the reverse of the order they start in. */
function composition(): Plugins {
  const tokens = Array.from({ length: PARTS }, (_, index) => token<object>(`bench/${index}`));
  return Object.fromEntries(tokens.map((_, index) => [`part${index}`, plugin(index, tokens)]).reverse());
}

function plugin(index: number, tokens: readonly Token<object>[]): Plugin {
  const needed = [index - 1, Math.floor(index / 2) - 1].filter((other) => other >= 0);
  const needs: Needs = Object.fromEntries(needed.map((other, n) => [`need${n}`, tokens[other] as Token<object>]));
  return definePlugin({
    name: `bench/part${index}`,
    version: "1.0.0",
    engine: ">=0.1",
    provides: tokens[index] as Token<object>,
    needs,
    options: z.object({ size: z.number().default(1), label: z.string() }),
    create: () => ({ start: async () => undefined, stop: () => undefined }),
  })({ label: `part ${index}` });
}
