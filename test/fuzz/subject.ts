// The process under test: reads damaged files as told, one JSON line a file, and says what became of each.
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createTwin, NdArray, TwinError, type Variable, walk } from "../../core/index.ts";
import { csv } from "../../modules/csv/index.ts";
import { hdf5 } from "../../modules/hdf5/index.ts";
import { netcdf } from "../../modules/netcdf/index.ts";
import { root } from "../../modules/root/index.ts";
import { zarr } from "../../modules/zarr/index.ts";
import { digest } from "./digest.ts";
import type { Outcome, VariableOutcome } from "./outcome.ts";
import type { Format } from "./seeds.ts";

/** A damaged shape may claim anything; of more than this, one element is read. */
const MAX_ELEMENTS = 1e6;

await using twin = await createTwin({
  plugins: {
    hdf5: hdf5(),
    netcdf: netcdf(),
    root: root(),
    csv: csv(),
    zarr: zarr(),
  },
});

const connectors = {
  netcdf3: twin.netcdf,
  netcdf4: twin.netcdf,
  hdf5: twin.hdf5,
  root: twin.root,
  csv: twin.csv,
  zarr: twin.zarr,
};

// What nobody waits for any more would end the process: the fault of the file at hand.
let stray: unknown;
process.on("unhandledRejection", (error) => {
  stray = error;
});

process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  const { format, location }: { readonly format: Format; readonly location: string } = JSON.parse(line);
  forgetPeak();
  stray = undefined;
  let outcome = await read(format, location);
  // Rejections are told after a turn of the event loop.
  await new Promise(setImmediate);
  if (stray !== undefined) outcome = { fault: `an unhandled rejection: ${String(stray)}` };
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}

async function read(format: Format, location: string): Promise<Outcome> {
  try {
    await using file = await connectors[format].open(location, { decode: false });
    const variables: Record<string, VariableOutcome> = {};
    for (const { path } of problemsOf(file)) variables[path] = { refused: "listed as a problem" };
    let place = 0;
    for (const variable of walk(file)) {
      // Names of columns are ours to choose; their places are the file's.
      const name = format === "csv" ? `#${place++}` : variable.path;
      variables[name] = await readVariable(variable, format);
    }
    return { variables };
  } catch (error) {
    if (error instanceof TwinError) return { refused: error.code };
    return { fault: `an error without a code: ${error instanceof Error ? error.stack : String(error)}` };
  }
}

async function readVariable(variable: Variable, format: Format): Promise<VariableOutcome> {
  const elements = variable.shape.reduce((product, length) => product * length, 1);
  const selection = elements > MAX_ELEMENTS ? Object.fromEntries(variable.dims.map((dim) => [dim, 0])) : {};
  let array: NdArray;
  try {
    array = await variable.read(selection);
  } catch (error) {
    if (error instanceof TwinError) return { refused: error.code };
    throw error;
  }
  if (array.size !== (elements > MAX_ELEMENTS ? 1 : elements))
    throw new Error(`${variable.path} has ${array.size} values.`);
  const told = format === "csv" && array.dtype.includes("int") ? integersAsTexts(array) : array;
  return { values: [`${told.dtype} [${variable.shape}] ${digest(told)}`] };
}

/** Columns of integers may have gaps, for which each reader has a number of its own. */
function integersAsTexts(array: NdArray): NdArray {
  const integers = array.values() as ArrayLike<number | bigint>;
  const texts = Array.from(integers, (value) => (value === array.fillValue ? "" : String(value)));
  return new NdArray(texts, { dtype: "string", shape: array.shape });
}

/** What a connector lists as impossible to show, where it does. */
function problemsOf(file: object): readonly { readonly path: string }[] {
  return "problems" in file ? (file.problems as readonly { readonly path: string }[]) : [];
}

/** Begins the system's record of the most memory anew, which the parent looks at. */
function forgetPeak(): void {
  if (process.platform === "linux") writeFileSync("/proc/self/clear_refs", "5");
}
