import { z } from "zod";
import {
  definePlugin,
  Generator,
  InvalidArgumentError,
  Model,
  optional,
  type PluginFactory,
} from "../../core/index.ts";
import { FastSimulation } from "./fast-simulation.ts";
import { GeneratorGraph } from "./graph-schema.ts";
import { readGraph } from "./read-graph.ts";
import { train } from "./train/train.ts";

const Options = z.strictObject({
  graph: GeneratorGraph.optional().describe(
    "What the model's inputs are made of and what its outputs mean, for a model that does not tell so itself.",
  ),
  outside: z
    .enum(["refuse", "fallback"])
    .default("refuse")
    .describe(
      "Events with a condition outside the trained range: refuse: an error before anything is made; fallback: made by the generator that is wired as `fallback`.",
    ),
  batchSize: z.int().min(1).default(100).describe("Events of a batch, where a request does not say."),
  minRows: z
    .int()
    .min(1)
    .default(1)
    .describe(
      "Fewer events than this are computed with rows that are thrown away, for graphs that compute few rows in another way.",
    ),
  maxRows: z
    .int()
    .min(1)
    .default(100)
    .describe(
      "Most events that the model computes at once; bounds its memory. The noise of the next ones is made meanwhile.",
    ),
});

/** Options of {@link fastsim}. */
export type FastsimOptions = z.input<typeof Options>;

/**
 * A generator over a model that makes events of noise and conditions, such as a GAN or a distilled transformer in ONNX.
 *
 * What the inputs are made of, units, and the range that the model was trained in are read from the model's metadata
 * (`twinloom.generator`), or given as `graph`. Noise comes from the seed and the event id alone: on a CPU an event is
 * bit-identical whatever the batch, the order and the threads, for graphs of the operators listed in
 * docs/reference/generator-graph.md.
 *
 * Its task is `train`, which makes such a model anew. Needs a {@link Model}. The need `fallback`, another generator of the same arrays, is met by a wire only.
 *
 * @example
 * await using twin = await createTwin({
 *   plugins: { network: onnx({ file: shippedModel("gan") }), shower: fastsim(), detector: calorimeter() },
 * });
 *
 * @example With GFLASH for what the network was not trained for
 * createTwin({
 *   plugins: { network, shower: fastsim({ outside: "fallback" }), gflash: gflash(), detector: calorimeter() },
 *   wire: { shower: { fallback: "gflash" }, detector: { generator: "shower" } },
 * });
 */
export const fastsim: PluginFactory<FastsimOptions, FastSimulation> = definePlugin({
  name: "twinloom/modules/fastsim",
  version: "0.1.0",
  provides: Generator,
  needs: { model: Model, fallback: optional(Generator, { onlyWired: true }) },
  options: Options,
  tasks: [train],
  create: ({ model, fallback }, { graph, outside, ...sizes }, { part, log }) => {
    if (sizes.minRows > sizes.maxRows) {
      throw new InvalidArgumentError(`Part "${part}": minRows, ${sizes.minRows}, is above maxRows, ${sizes.maxRows}.`);
    }
    if (outside === "fallback" && fallback === undefined) {
      throw new InvalidArgumentError(
        `Part "${part}" is to leave events outside its range to a fallback, and has none. Add a generator such as gflash() and name it: wire: { ${part}: { fallback: "<part>" } }.`,
      );
    }
    return new FastSimulation({
      model,
      graph: readGraph(model, graph),
      sizes,
      ...(outside === "fallback" && { fallback }),
      log,
    });
  },
});
