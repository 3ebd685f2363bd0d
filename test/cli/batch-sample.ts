import { mkdir } from "node:fs/promises";
import { writeProject } from "../core/lifecycle/version/sample-project.ts";
import { type Outcome, type RunOptions, runTwinloom } from "./run-command-line.ts";

const PLUGIN = `import { access, readFile, writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { definePlugin, defineTask, token } from "twinloom";
import { z } from "zod";

const double = defineTask({
  name: "double",
  description: "Doubles a number",
  parameters: z.strictObject({ x: z.number(), y: z.number().default(0), needed: z.string().optional(), ms: z.number().default(0) }),
  needs: {},
  inputs: { before: { description: "a number to add to", optional: true } },
  outputs: { number: { description: "what came out", file: "number.json" } },
  async run({ parameters: { x, y, needed, ms }, inputs, outputs, signal }) {
    if (needed !== undefined && x > 1) await access(needed).catch(() => { throw new Error("The magnet is cold.") });
    await setTimeout(ms, undefined, { signal });
    const before = inputs.before === undefined ? 0 : JSON.parse(await readFile(inputs.before, "utf8"));
    await writeFile(outputs.number, JSON.stringify(2 * x + y + before));
    return {};
  },
});

export const numbers = definePlugin({
  name: "numbers",
  version: "1.0.0",
  provides: token("test/numbers"),
  tasks: [double],
  create: () => ({}),
});
`;

const TWIN = `twin: numbers
plugins:
  numbers: { use: "./numbers.ts#numbers" }
plans:
  chain:
    first: { task: double, parameters: { x: 1 } }
    second: { task: double, parameters: { x: 2 }, inputs: { before: first.number } }
`;

/** Writes a twin whose task takes no time. Its folder is where commands are run. */
export async function writeNumbers(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeProject(folder, { "numbers.ts": PLUGIN, "twin.yaml": TWIN });
}

/** Runs a command that succeeds, and reads what it prints as JSON. */
// biome-ignore lint/suspicious/noExplicitAny: what commands print is checked by who asked for it.
export async function json(args: readonly string[], options: RunOptions): Promise<any> {
  const { code, stdout, stderr } = await runTwinloom([...args, "--json"], options);
  if (code !== 0) throw new Error(`twinloom ${args.join(" ")} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}

/** The error that a command printed as JSON. */
export function errorOf({ code, stdout }: Outcome): Record<string, unknown> {
  if (code === 0) throw new Error(`It succeeded: ${stdout}`);
  return JSON.parse(stdout).error;
}
