import { createWriteStream } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { finished } from "node:stream/promises";
import { z } from "zod";
import { defineTask, InvalidArgumentError, reasonOf, type Task, TaskStoppedError } from "../../../core/index.ts";
import { TrainingFailedError } from "../errors.ts";
import { readModelCard } from "../shipped-model.ts";
import { CONFIGURATIONS, findRecipe } from "./find-recipe.ts";
import { RunFolderCheckpoint } from "./run-folder-checkpoint.ts";
import { runRecipe } from "./run-recipe.ts";
import { TrainingProgress } from "./training-progress.ts";

const Parameters = z
  .strictObject({
    config: z
      .enum(CONFIGURATIONS)
      .optional()
      .describe("A configuration that comes with the recipe; for one of your own give the input `configuration`."),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .optional()
      .describe("Seed of all stages, 0 to 2^32 - 1; that of the configuration by default."),
    device: z.enum(["auto", "cpu", "cuda"]).default("auto").describe("auto: a GPU where there is one."),
    threads: z.int().min(1).max(1024).default(1).describe("Threads on a CPU."),
    repeat: z.int().min(1).max(1000).default(10).describe("Showers generated per shower of the reference."),
    python: z
      .string()
      .min(1)
      .optional()
      .describe("Interpreter with PyTorch; TWINLOOM_PYTHON, or what make-venv.sh of the recipe made, by default."),
  })
  .describe("Give `config`, or the input `configuration`.");

const more = { description: "A further file of training, likewise.", optional: true } as const;
const inputs = {
  showers: { description: "Showers to train on, HDF5; the configuration names it by the file's name." },
  "showers-2": more,
  "showers-3": more,
  "showers-4": more,
  reference: {
    description: "Held-out showers to judge the model against: its card then has the evidence.",
    optional: true,
  },
  configuration: { description: "Configuration of the recipe, TOML, in the place of `config`.", optional: true },
} as const;
const outputs = {
  model: { description: "The generator, ONNX. Of the transformer, the fast one.", file: "model.onnx" },
  card: { description: "Its card: data, configuration, seed, stages, evidence.", file: "model.card.json" },
  log: { description: "What the recipe told.", file: "training.log" },
} as const;

/** How often the run folder is kept while it trains, ms: a node that dies takes no more than this with it. */
const KEEP_MS = 10 * 60_000;
/** Exit code of a recipe that was stopped, and goes on when it is called again. */
const STOPPED = 3;

/**
 * Trains a generator of showers with the recipe of Twinloom's repository: from data to an ONNX file with its card. A run that
 * is stopped or killed goes on from its checkpoint.
 */
export const train: Task<
  typeof Parameters,
  Record<never, never>,
  keyof typeof inputs,
  keyof typeof outputs
> = defineTask({
  name: "train",
  description: "Train a generator of showers with the training recipe: ONNX file and card.",
  parameters: Parameters,
  needs: {},
  inputs,
  outputs,
  run: async ({ parameters, inputs: given, outputs: paths, signal, stopping, checkpoint, log, progress }) => {
    const { config, seed, device, threads, repeat, python } = parameters;
    if ((config === undefined) === (given.configuration === undefined)) {
      throw new InvalidArgumentError(
        "A training has one configuration: give the parameter `config` or the input `configuration`.",
      );
    }
    const recipe = findRecipe(python);
    const scratch = await mkdtemp(join(tmpdir(), "twinloom-train-"));
    const out = join(scratch, "run");
    const told = createWriteStream(paths.log);
    let saving: Promise<void> = Promise.resolve();
    let timer: NodeJS.Timeout | undefined;
    try {
      await mkdir(out);
      const files = [given.showers, given["showers-2"], given["showers-3"], given["showers-4"]];
      const data = await dataFolder(
        join(scratch, "data"),
        files.filter((file) => file !== undefined),
      );
      const kept = checkpoint && new RunFolderCheckpoint(checkpoint, out);
      const hasBegun = (await kept?.restore(signal)) ?? false;
      const far = new TrainingProgress(progress);
      if (kept) {
        timer = setInterval(() => {
          saving = saving
            .then(() => kept.save(far.fraction))
            .catch((error: unknown) => log.warn({ problem: reasonOf(error) }, "a checkpoint could not be kept"));
        }, KEEP_MS).unref();
      }
      const { exitCode, complaint } = await runRecipe(
        recipe,
        [
          ...["all", "--data", data, "--out", out, "--device", device, "--repeat", `${repeat}`],
          ...["--config", given.configuration ? resolve(given.configuration) : `configs/${config}.toml`],
          ...(seed === undefined ? [] : ["--seed", `${seed}`]),
          ...(given.reference === undefined ? [] : ["--reference", resolve(given.reference)]),
        ],
        {
          ...{ threads, signal },
          // Without a place for a checkpoint, what it has done would be lost: it goes on.
          stopping: kept ? stopping : undefined,
          onLine: (line) => {
            told.write(`${line}\n`);
            far.hear(line);
          },
        },
      );
      clearInterval(timer);
      await saving;
      signal.throwIfAborted();
      // By the signal itself, where Python was not yet there to take it.
      if (kept && stopping.aborted && (exitCode === STOPPED || exitCode === undefined)) {
        await kept.save(far.fraction);
        throw new TaskStoppedError("train", `${Math.round(100 * far.fraction)} % of the training`);
      }
      if (exitCode !== 0) throw failure(exitCode, complaint, recipe.python);
      const { name, family, model } = await take(out, far.name, paths);
      return { name, family, digest: `sha256:${model.sha256}`, continued: hasBegun };
    } finally {
      clearInterval(timer);
      await saving;
      told.end();
      await finished(told).catch(() => undefined);
      await rm(scratch, { recursive: true, force: true });
    }
  },
});

/** A folder with the files under their own names, as the configuration has them. */
async function dataFolder(folder: string, files: readonly string[]): Promise<string> {
  await mkdir(folder);
  const names = files.map((file) => basename(file));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new InvalidArgumentError(`Two files of training are called ${twice}; the configuration tells them by name.`);
  }
  for (const [index, file] of files.entries()) await symlink(resolve(file), join(folder, names[index] as string));
  return folder;
}

/** Puts the generator and its card where the run keeps them. */
async function take(
  out: string,
  name: string | undefined,
  paths: { readonly model: string; readonly card: string },
): Promise<ReturnType<typeof readModelCard>> {
  if (name === undefined) throw new TrainingFailedError("The recipe ended without telling what it has made.");
  const card = join(out, `${name}.card.json`);
  const read = readModelCard(card);
  await copyFile(join(out, `${name}.onnx`), paths.model);
  await copyFile(card, paths.card);
  return read;
}

function failure(exitCode: number | undefined, complaint: string, python: string): TrainingFailedError {
  const how = exitCode === undefined ? "was ended, or could not be started" : `ended with ${exitCode}`;
  const said = complaint.replace(/^error: /m, "") || `it gave no reason (${python})`;
  return new TrainingFailedError(`The training recipe ${how}: ${said}`);
}
