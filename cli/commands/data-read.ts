import type { Dataset, IndexSelection, NdArray, Selection, Variable } from "../../core/index.ts";
import { type Command, type CommandIo, defineCommand } from "../command.ts";
import { FEDERATION_OPTIONS } from "../federation-options.ts";

/** Bytes of values held at a time. */
const BLOCK_BYTES = 2e6;
/** Characters kept back before the first is printed, so that a failure till then prints the error alone. */
const HELD_BACK = 16e6;

export const dataRead: Command = defineCommand({
  path: ["data", "read"],
  summary: "Print values of variables, or their statistics, as JSON",
  description:
    'One variable gives {"dims","shape","dtype","unit","values"}, several an array of these in their order. Values are ' +
    "flat, row-major; 64-bit integers beyond 2^53 are strings; missing values and infinities are null. With --stats: " +
    "count (finite values), missing (NaN, fill value), sum, mean, min, max and std (divisor: count) in place of the values. " +
    "NetCDF and Zarr values are as the CF conventions mean them, unless --raw is given; those of other formats are as " +
    "stored. A pattern or a folder is read as one file.",
  arguments: {
    file: { description: "file, folder or pattern to read" },
    variables: { description: "paths of variables: name or /group/name", many: true },
  },
  options: {
    slice: {
      kind: "text",
      placeholder: "dim=start:stop:step",
      description:
        "indices along a dimension, half-open, negative from the end; dim=index drops the dimension; dim=from..to and " +
        "dim=value~tolerance select by coordinate or date",
      many: true,
    },
    raw: { kind: "flag", description: "values as stored, without any decoding" },
    stats: { kind: "flag", description: "statistics instead of values" },
    ...FEDERATION_OPTIONS,
  },
  example: [
    "twinloom data read showers.h5 incident_energies --slice dim_0=0:10",
    "twinloom data read showers.h5 /showers --stats",
    'twinloom data read "archive/tas_*.nc" tas --slice time=2001-01..2001-12 --slice lat=46.2~0.5 --slice lon=6.1~0.5',
  ],
  run: async ({ file, variables: paths }, { slice, stats, ...choice }, io) => {
    const { findVariable } = await import("../../core/index.ts");
    const { withData } = await import("../open-file.ts");
    const { parseSlices, yearsOfTimes } = await import("../slice.ts");
    const slices = parseSlices(slice ?? []);
    await withData({ ...choice, files: [file] }, io, async ({ dataset }) => {
      const variables = paths.map((path) => findVariable(dataset, path));
      const selections = await selectionsOf(dataset, variables, yearsOfTimes(dataset, slices), io);
      const output = new Output(io);
      if (variables.length > 1) await output.add("[");
      for (const [number, variable] of variables.entries()) {
        if (number > 0) await output.add(",");
        const selection = selections[number] ?? {};
        await output.add(await headText(variable, selection));
        await (stats ? addStatistics : addValues)(variable, selection, { output, io });
        await output.add("}");
      }
      await output.end(variables.length > 1 ? "]\n" : "\n");
    });
  },
});

/** The slices of each variable; a slice must mean a dimension of at least one of them. */
async function selectionsOf(
  dataset: Dataset,
  variables: readonly Variable[],
  slices: Selection,
  io: CommandIo,
): Promise<readonly IndexSelection[]> {
  const { signal } = io;
  const { describeNames, InvalidSelectionError, toIndexSelection } = await import("../../core/index.ts");
  for (const dim of Object.keys(slices)) {
    if (variables.some(({ dims }) => dims.includes(dim))) continue;
    const all = new Set(variables.flatMap(({ dims }) => dims));
    const variable = variables.map(({ path }) => path).join(", ");
    throw new InvalidSelectionError({ variable, dimension: dim }, `no dimension "${dim}". ${describeNames(dim, all)}`);
  }
  const selections: IndexSelection[] = [];
  for (const variable of variables) {
    const own = Object.fromEntries(Object.entries(slices).filter(([dim]) => variable.dims.includes(dim)));
    const selection = await toIndexSelection(dataset, variable, own, { signal });
    await warnOfNothing(dataset, variable, selection, io);
    selections.push(selection);
  }
  return selections;
}

/** A range in which nothing lies is no error, and seldom what was meant. */
async function warnOfNothing(
  dataset: Dataset,
  variable: Variable,
  selection: IndexSelection,
  io: CommandIo,
): Promise<void> {
  const { spellCoordinate } = await import("../spell-coordinate.ts");
  for (const [axis, dim] of variable.dims.entries()) {
    const wanted = selection[dim];
    const length = variable.shape[axis] as number;
    if (typeof wanted !== "object" || wanted.stop !== 0 || length === 0) continue;
    const coordinate = dataset.variables[dim];
    const values = (await coordinate?.read({}, { signal: io.signal }))?.toFloat64() ?? new Float64Array();
    const spell = await spellCoordinate(coordinate);
    const least = values.reduce((found, value) => Math.min(found, value), Number.POSITIVE_INFINITY);
    const most = values.reduce((found, value) => Math.max(found, value), Number.NEGATIVE_INFINITY);
    const reach = values.length > 0 ? `, coordinates ${spell(least)} to ${spell(most)}` : "";
    io.warn(
      `Nothing of "${variable.path}" lies in the slice of "${dim}", which has indices 0 to ${length - 1}${reach}.`,
    );
  }
}

/** The object up to its values. */
async function headText(variable: Variable, selection: IndexSelection): Promise<string> {
  const { resolveSelection, selectedLayout } = await import("../../core/index.ts");
  const { dims, shape } = selectedLayout(await resolveSelection(variable, selection, async () => undefined));
  const { dtype, unit = null } = variable;
  return JSON.stringify({ dims, shape, dtype, unit }).slice(0, -1);
}

interface Target {
  readonly output: Output;
  readonly io: CommandIo;
}

async function addValues(variable: Variable, selection: IndexSelection, { output, io }: Target): Promise<void> {
  const { readBlocks } = await import("../../core/index.ts");
  await output.add(',"values":[');
  let isFirst = true;
  for await (const block of readBlocks(variable, selection, { maxBytes: BLOCK_BYTES, signal: io.signal })) {
    await output.add((isFirst ? "" : ",") + valuesText(block));
    isFirst = false;
  }
  await output.add("]");
}

async function addStatistics(variable: Variable, selection: IndexSelection, { output, io }: Target): Promise<void> {
  const { summarise } = await import("../../core/index.ts");
  const { jsonText } = await import("../json-text.ts");
  const { count, missing, sum, mean, min, max, std } = await summarise(variable, selection, { signal: io.signal });
  await output.add(`,${jsonText({ count, missing, sum, mean, min, max, std }).slice(1, -1)}`);
}

/** Values as JSON, without the brackets. */
function valuesText(array: NdArray): string {
  const values = array.values();
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value)).join(",");
  if (array.dtype === "bool") return Array.from(values as Uint8Array, (value) => String(value !== 0)).join(",");
  const { fillValue } = array;
  if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
    const text = (value: bigint): string => (Number.isSafeInteger(Number(value)) ? `${value}` : `"${value}"`);
    return Array.from(values, (value) => (value === fillValue ? "null" : text(value))).join(",");
  }
  return Array.from(values, (value) => (value === fillValue ? "null" : numberText(value))).join(",");
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) return "null";
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Text on its way to standard output. */
class Output {
  readonly #io: CommandIo;
  #held: string[] = [];
  #length = 0;

  constructor(io: CommandIo) {
    this.#io = io;
  }

  async add(text: string): Promise<void> {
    this.#held.push(text);
    this.#length += text.length;
    if (this.#length > HELD_BACK) await this.#flush();
  }

  async end(text: string): Promise<void> {
    this.#held.push(text);
    await this.#flush();
  }

  async #flush(): Promise<void> {
    const pieces = this.#held;
    this.#held = [];
    for (const piece of pieces) await this.#io.write(piece);
  }
}
