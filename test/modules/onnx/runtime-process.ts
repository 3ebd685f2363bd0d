// Started as a process of its own by process.test.ts: what may take a process down must not take the tests with it.
//
//   node --conditions=@twinloom/source runtime-process.ts exit | threads | damaged <model> <first seed> <count>
import { readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread, Worker } from "node:worker_threads";
import { allocate, createTwin, NdArray } from "../../../core/index.ts";
import { type OnnxModel, onnx } from "../../../modules/onnx/index.ts";
import { DAMAGES, type Damage, damaged } from "../../fuzz/damage.ts";
import { seededRandom } from "../../fuzz/random.ts";
import { denseInputs, FIXTURES, slowInputs, withModel } from "./shared.ts";

/** Ends the process while ONNX Runtime computes. */
async function exitWhileBusy(): Promise<void> {
  const twin = await withModel("slow");
  void twin.model.infer(slowInputs(3000)).catch(() => undefined);
  for (let i = 0; i < 5; i++) void twin.model.infer(slowInputs(10)).catch(() => undefined);
  setTimeout(() => process.exit(7), 20);
}

/** Loads and computes models in several threads at the same time, and ends them. */
async function threads(): Promise<void> {
  const others = [1, 2, 3].map(
    () =>
      new Promise<number>((resolve, reject) => {
        new Worker(new URL(import.meta.url), { argv: ["thread"] }).on("error", reject).on("exit", resolve);
      }),
  );
  await compute();
  const codes = await Promise.all(others);
  process.stdout.write(`${JSON.stringify(codes)}\n`);
}

async function compute(): Promise<void> {
  await using twin = await withModel("dense");
  for (let i = 0; i < 100; i++) await twin.model.infer(denseInputs(1 + (i % 7)));
}

/** Loads damaged files, and computes what can be loaded. */
async function damagedFiles(name: string, first: number, count: number): Promise<void> {
  const bytes = await readFile(join(FIXTURES, `${name}.onnx`));
  const file = join(tmpdir(), `twinloom-onnx-${process.pid}.onnx`);
  const outcomes: Record<string, number> = {};
  for (let seed = first; seed < first + count; seed++) {
    await writeFile(file, damaged(bytes, DAMAGES[seed % DAMAGES.length] as Damage, seededRandom(seed)));
    const outcome = await outcomeOf(file);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  await rm(file);
  process.stdout.write(`${JSON.stringify(outcomes)}\n`);
}

async function outcomeOf(file: string): Promise<string> {
  try {
    await using twin = await createTwin({ plugins: { model: onnx({ file }) } });
    await twin.model.infer(zeros(twin.model));
    return "computed";
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error);
  }
}

/** Zeros of the shapes that a model states; small ones, whatever it states. */
function zeros({ inputs }: OnnxModel): Readonly<Record<string, NdArray>> {
  const arrays = Object.entries(inputs).map(([name, { dtype, shape: stated }]) => {
    const shape = stated.map((length) => (typeof length === "string" ? 2 : Math.min(length, 1000)));
    const size = shape.reduce((product, length) => product * length, 1);
    return [name, new NdArray(allocate(dtype, size), { dtype, shape })] as const;
  });
  return Object.fromEntries(arrays);
}

const [mode, name = "", first = "0", count = "0"] = process.argv.slice(2);
if (!isMainThread) await compute();
else if (mode === "exit") await exitWhileBusy();
else if (mode === "threads") await threads();
else await damagedFiles(name, Number(first), Number(count));
