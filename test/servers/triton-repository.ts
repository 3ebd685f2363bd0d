import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describeOnnx } from "../../modules/onnx/index.ts";
import { writeModelRepository } from "../../modules/serving/index.ts";

const here = (name: string): string => fileURLToPath(new URL(`triton/${name}`, import.meta.url));

/**
 * A model repository as `writeModelRepository` makes it, for a Triton whose only backend is Python's: of the configuration
 * one line is another, and beside each file lies the code that computes it.
 *
 * @param files - ONNX files by the name of the model.
 */
export async function writePythonRepository(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  const models = await Promise.all(
    Object.entries(files).map(async ([name, file]) => ({ name, file, ...(await describeOnnx(file)) })),
  );
  for (const { config, model } of await writeModelRepository(folder, models)) {
    const text = await readFile(config, "utf8");
    const changed = text.replace('platform: "onnxruntime_onnx"', 'backend: "python"');
    if (changed === text) throw new Error(`${config} does not name the backend:\n${text}`);
    await writeFile(config, changed);
    await copyFile(here("onnx_model.py"), join(dirname(model), "model.py"));
  }
}

/** Adds a model with a configuration of its own and the code of test/servers/triton/`script`. */
export async function addPythonModel(
  folder: string,
  { name, config, script }: { readonly name: string; readonly config: string; readonly script: string },
): Promise<void> {
  await mkdir(join(folder, name, "1"), { recursive: true });
  await writeFile(join(folder, name, "config.pbtxt"), config);
  await copyFile(here(script), join(folder, name, "1/model.py"));
}
