import { mkdir } from "node:fs/promises";
import { type BatchFolder, loadSpec, parseSweep, sealBatch } from "../../../core/index.ts";
import { writeProject } from "../../core/lifecycle/version/sample-project.ts";

/** Name of the task, and of the only stage of its batches. */
export const SMALLEST = "double";

const PROJECT = {
  "double.ts": `import { writeFile } from "node:fs/promises";
import { definePlugin, defineTask, token } from "twinloom";
import { z } from "zod";

const double = defineTask({
  name: "double",
  description: "Doubles a number",
  parameters: z.strictObject({ x: z.number() }),
  needs: {},
  inputs: {},
  outputs: { number: { description: "twice the number", file: "number.json" } },
  async run({ parameters: { x }, outputs }) {
    await writeFile(outputs.number, String(2 * x));
    return { doubled: 2 * x };
  },
});

export const doubling = definePlugin({
  name: "doubling",
  version: "1.0.0",
  provides: token("test/doubling"),
  tasks: [double],
  create: () => ({}),
});
`,
  "twin.yaml": `twin: sample
plugins:
  doubling: { use: "./double.ts#doubling" }
`,
};

/** Writes a twin whose task does next to nothing, so that what is measured is the batch. @returns Path of its twin.yaml. */
export async function writeSmallest(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  return await writeProject(folder, PROJECT);
}

/** Seals a batch of so many runs of it: run `i` doubles `i`. */
export async function sealSmallest(twin: string, folder: string, runs: number): Promise<BatchFolder> {
  const { parameters, ...sweep } = parseSweep([`x=0..${runs - 1}`]);
  return (await sealBatch(folder, { twin: await loadSpec(twin), name: SMALLEST, sweep, parameters })).folder;
}
