import { resolve } from "node:path";
import { type Command, defineCommand } from "../command.ts";

export const modelRepository: Command = defineCommand({
  path: ["model", "repository"],
  summary: "Write models as a model repository, for a stock Triton server",
  description:
    "Of each model NAME/config.pbtxt and NAME/VERSION/model.onnx, so that Triton's ONNX Runtime backend serves the same " +
    "file, on a GPU where there is one. What the file tells of itself as a generator goes along, so that clients make the same showers of it.",
  arguments: {
    out: { description: "folder to write; may hold other models already" },
    models: { description: "ONNX files, or models that come with Twinloom (gan)", many: true },
  },
  options: {
    modelVersion: {
      kind: "integer",
      placeholder: "number",
      description: "number of the version; earlier ones stay, and Triton serves the highest",
      default: 1,
      min: 1,
    },
    maxBatch: {
      kind: "integer",
      placeholder: "rows",
      description: "most rows computed at once",
      default: 1_000,
      min: 1,
      max: 2 ** 31 - 1,
    },
    maxQueueDelayMs: {
      kind: "number",
      placeholder: "ms",
      description: "how long the first of a batch waits for others [ms]",
      default: 0,
      min: 0,
      max: 86_400_000,
    },
    instances: {
      kind: "integer",
      placeholder: "number",
      description: "copies of each model, on each GPU or on the CPU",
      default: 1,
      min: 1,
      max: 2 ** 31 - 1,
    },
    threads: {
      kind: "integer",
      placeholder: "number",
      description: "threads of a model on the CPU",
      default: 1,
      min: 1,
      max: 1024,
    },
    replace: { kind: "flag", description: "replace a version that is there" },
  },
  example: [
    "twinloom model repository triton gan transformer",
    "twinloom model repository triton my-model.onnx --model-version 2 --max-batch 256",
  ],
  run: async ({ out, models }, options, io) => {
    const { writeModelRepository } = await import("../../modules/serving/index.ts");
    const { describeModel } = await import("../onnx-file.ts");
    const described = await Promise.all(models.map((model) => describeModel(model, io)));
    const { modelVersion: version, maxBatch: maxBatchSize, maxQueueDelayMs, instances, threads, replace } = options;
    const written = await writeModelRepository(resolve(io.cwd, out), described, {
      ...{ version, maxBatchSize, maxQueueDelayMs, instances, threads, signal: io.signal },
      existing: replace ? "replace" : "refuse",
    });
    if (io.json) io.printJson({ folder: out, models: written });
    else for (const { name, digest } of written) io.print(`${out}/${name}/${version}: ${digest}`);
  },
});
