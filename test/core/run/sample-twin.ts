import { readFile, writeFile } from "node:fs/promises";
import { Memory } from "twinloom/modules/memory";
import { z } from "zod";
import {
  Clock,
  Connector,
  constant,
  createTwin,
  definePlugin,
  defineTask,
  type Task,
  type Token,
  type TwinControl,
  token,
} from "../../../core/index.ts";

/** Writes `n` multiples of `seed` as JSON. */
export const make = defineTask({
  name: "make",
  description: "Makes numbers",
  parameters: z.object({
    seed: z.number().describe("factor"),
    n: z.number().int().min(1).default(3).describe("how many"),
  }),
  needs: {},
  inputs: {},
  outputs: { numbers: { description: "the numbers", file: "numbers.json" } },
  async run({ parameters, outputs, progress }) {
    progress(0.5, "multiplying");
    const numbers = Array.from({ length: parameters.n }, (_, i) => i * parameters.seed);
    await writeFile(outputs.numbers, JSON.stringify(numbers, undefined, 2));
    return { n: parameters.n };
  },
});

/** Sums numbers; fails on 13, waits for an abort on 99. */
export const sum = defineTask({
  name: "sum",
  description: "Sums numbers",
  parameters: z.object({ scale: z.number().default(1).describe("factor") }),
  needs: {},
  inputs: { numbers: { description: "the numbers" }, more: { description: "more of them", optional: true } },
  outputs: { total: { description: "their sum", file: "deep/total.json" } },
  async run({ parameters, inputs, outputs, signal }) {
    const texts = await Promise.all(
      [inputs.numbers, inputs.more].map((path) => (path ? readFile(path, "utf8") : "[]")),
    );
    const numbers = texts.flatMap((text) => JSON.parse(text) as number[]);
    if (numbers.includes(13)) {
      await writeFile(outputs.total, "half a fi");
      throw new RangeError("13 is not allowed");
    }
    if (numbers.includes(99))
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const total = numbers.reduce((a, b) => a + b, 0) * parameters.scale;
    await writeFile(outputs.total, JSON.stringify(total));
    return total;
  },
});

/** A capability that the sample twin lacks. */
export const Missing: Token<object> = token("missing");

const tasks: readonly Task<never, never, never, never>[] = [make, sum] as never;
const calculator = definePlugin({
  name: "test#calculator",
  version: "1.2.3",
  provides: token<object>("calculator"),
  tasks,
  create: () => ({}),
});

/** A twin with the tasks {@link make} and {@link sum}, and a clock that ticks a second at each look. */
export function sampleTwin(plans: Readonly<Record<string, unknown>> = {}): Promise<TwinControl> {
  let seconds = 1_000_000_000;
  return createTwin({
    name: "sample",
    plugins: {
      calculator: calculator(),
      files: constant(Connector, new Memory()),
      clock: constant(Clock, { now: () => 1000 * seconds++ }),
    },
    plans,
  });
}
