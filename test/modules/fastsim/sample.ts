import { fileURLToPath } from "node:url";
import {
  checkModelInputs,
  constant,
  createTwin,
  type GeneratedBatch,
  type GenerateRequest,
  Generator,
  Model,
  NdArray,
} from "twinloom";
import { type FastSimulation, type FastsimOptions, fastsim, type GeneratorGraphInput } from "twinloom/modules/fastsim";

/** Path of a file that scripts/make-fastsim-fixtures.py made. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/fastsim/${name}`, import.meta.url));
}

/** A graph whose one output is its latent input. */
export function graphOf(change: Partial<GeneratorGraphInput> = {}): GeneratorGraphInput {
  return {
    name: "echo",
    conditions: { energy: { unit: "GeV", min: 10, max: 50 } },
    inputs: { latent: [{ condition: "energy" }, { noise: "normal", length: 3 }, { noise: "uniform", length: 2 }] },
    outputs: { values: { tensor: "latent", dims: ["cell"], shape: [6], minimum: null } },
    ...change,
  };
}

/** A model that gives its inputs back, and remembers how many rows it was asked for. */
export class EchoModel implements Model {
  readonly name = "echo-model";
  readonly provider = { name: "cpu" };
  readonly metadata: Readonly<Record<string, string>>;
  readonly inputs: Model["inputs"];
  readonly outputs: Model["outputs"];
  readonly rows: number[] = [];

  constructor(
    shapes: Readonly<Record<string, readonly (number | string)[]>>,
    metadata: Readonly<Record<string, string>> = {},
  ) {
    this.inputs = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [name, { dtype: "float32", shape }]),
    );
    this.outputs = this.inputs;
    this.metadata = metadata;
  }

  async infer(
    inputs: Readonly<Record<string, NdArray>>,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Readonly<Record<string, NdArray>>> {
    signal?.throwIfAborted();
    this.rows.push(checkModelInputs(this, inputs).get("batch") ?? Number.NaN);
    return Object.fromEntries(
      Object.entries(inputs).map(([name, array]) => [
        name,
        new NdArray(Float32Array.from(array.values() as Float32Array), { dtype: "float32", shape: array.shape }),
      ]),
    );
  }
}

/** A fastsim over a model, with or without a fallback; the twin holds nothing that needs stopping. */
export async function simulationOver(
  model: Model,
  options: FastsimOptions,
  fallback?: Generator,
): Promise<FastSimulation> {
  const plugins = { model: constant(Model, model), shower: fastsim(options) };
  if (!fallback) return (await createTwin({ plugins })).shower;
  const twin = await createTwin({
    plugins: { ...plugins, other: constant(Generator, fallback) },
    wire: { shower: { fallback: "other" } },
  });
  return twin.shower;
}

/** What a generator makes, in one list. */
export async function all(generator: Generator, request: GenerateRequest): Promise<readonly GeneratedBatch[]> {
  const batches: GeneratedBatch[] = [];
  for await (const batch of generator.generate(request)) batches.push(batch);
  return batches;
}

/** The values of one output, event by event. */
export async function eventsOf(generator: Generator, request: GenerateRequest, output: string): Promise<number[][]> {
  const batches = await all(generator, request);
  return batches.flatMap(({ arrays, count }) => {
    const values = [...(arrays[output] as NdArray).toFloat64()];
    const width = values.length / count;
    return Array.from({ length: count }, (_, event) => values.slice(event * width, (event + 1) * width));
  });
}
