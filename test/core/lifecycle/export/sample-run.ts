import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import {
  Clock,
  type Composition,
  constant,
  createTwin,
  definePlugin,
  defineTask,
  digestBytes,
  env,
  file,
  Model,
  runPlan,
  type Task,
  token,
} from "../../../../core/index.ts";

const scale = defineTask({
  name: "scale",
  description: "Scales numbers",
  parameters: z.object({ factor: z.number(), note: z.string().default("none") }),
  needs: {},
  inputs: { numbers: { description: "the numbers" } },
  outputs: { scaled: { description: "scaled", file: "scaled numbers.json" } },
  async run({ parameters, inputs, outputs }) {
    if (parameters.factor === 13) throw new RangeError("13 is not allowed");
    const numbers = JSON.parse(await readFile(inputs.numbers as string, "utf8")) as number[];
    await writeFile(outputs.scaled, JSON.stringify(numbers.map((number) => number * parameters.factor)));
    return { count: numbers.length };
  },
});

const page = defineTask({
  name: "page",
  description: "Shows numbers",
  parameters: z.object({}),
  needs: {},
  inputs: { numbers: { description: "the numbers" } },
  outputs: { page: { description: "the page", file: "page.html" } },
  async run({ inputs, outputs }) {
    await writeFile(outputs.page, `<p>${await readFile(inputs.numbers as string, "utf8")}</p>`);
    return null;
  },
});

const calculator = definePlugin({
  name: "test#calculator",
  version: "1.2.3",
  provides: token<object>("calculator"),
  options: z.object({ password: z.any() }),
  tasks: [scale, page] as unknown as readonly Task<never, never, never, never>[],
  create: () => ({}),
});

/** A twin with a secret, a model, and a clock that ticks a second at each look. */
export function sampleComposition(): Composition {
  let seconds = 1_000_000_000;
  const model: Model = {
    name: "gan",
    inputs: {},
    outputs: {},
    metadata: {},
    digest: digestBytes("weights"),
    provider: { name: "cpu" },
    infer: async () => ({}),
  };
  return {
    name: "sample",
    plugins: {
      calculator: calculator({ password: env("SAMPLE_PASSWORD") }),
      shower: constant(Model, model),
      clock: constant(Clock, { now: () => 1000 * seconds++ }),
    },
  };
}

/** A run of two steps in `folder/run`, with its input beside it. */
export async function sampleRun(folder: string, { factor = 2 }: { readonly factor?: number } = {}): Promise<string> {
  process.env["SAMPLE_PASSWORD"] = "correct horse battery staple";
  const numbers = join(folder, "numbers of today.json");
  await writeFile(numbers, "[1, 2, 3]");
  await using twin = await createTwin(sampleComposition());
  const out = join(folder, "run");
  const steps = {
    scale: { task: scale, parameters: { factor }, inputs: { numbers: file(numbers) } },
    page: { task: page, parameters: {}, inputs: { numbers: { step: "scale", output: "scaled" } } },
  };
  await runPlan(twin, { name: "two", steps }, { out }).catch((error: { readonly code?: string }) => {
    if (error.code !== "TWIN_RUN_FAILED") throw error;
  });
  return out;
}
