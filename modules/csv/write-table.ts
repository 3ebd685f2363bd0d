import { open } from "node:fs/promises";
import {
  type Dataset,
  type NdArray,
  type Scalar,
  type Variable,
  WriteFailedError,
  type WriteOptions,
  walk,
  writeAtomically,
} from "../../core/index.ts";
import { delimiterOf, headerOf, type TableFormat } from "./table-format.ts";

/** Rows that are in memory at once. */
const ROWS = 16_384;

/** Writes a dataset as a table, block by block. Attributes have no place in one, units are in its header. */
export async function writeTable(
  location: string,
  dataset: Dataset,
  options: WriteOptions & { readonly format: TableFormat },
): Promise<void> {
  const { format, signal } = options;
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(location)) {
    throw new WriteFailedError(location, "tables are written to local files only.");
  }
  const variables = columnsOf(location, dataset);
  const [{ dims, shape }] = variables as [Variable];
  const [dimension, rows] = [dims[0] as string, shape[0] as number];
  const line = lineWriter(delimiterOf(format, location), format, variables.length);
  await writeAtomically(
    location,
    async (temporary) => {
      const file = await open(temporary, "wx");
      try {
        await file.write(line(variables.map(({ name, unit }) => headerOf(name, unit, format))));
        for (let start = 0; start < rows; start += ROWS) {
          const stop = Math.min(rows, start + ROWS);
          const selection = { [dimension]: { start, stop } };
          const arrays: NdArray[] = [];
          for (const variable of variables) arrays.push(await variable.read(selection, { signal }));
          const columns = arrays.map((array) => textsOf(array, format));
          signal?.throwIfAborted();
          await file.write(
            Array.from({ length: stop - start }, (_, i) => line(columns.map((each) => each(i)))).join(""),
          );
        }
      } finally {
        await file.close();
      }
    },
    options,
  );
}

/** The variables, if they make a table: all of them in one dimension. */
function columnsOf(location: string, dataset: Dataset): readonly Variable[] {
  const variables = [...walk(dataset)];
  const [first] = variables;
  if (first === undefined) throw new WriteFailedError(location, "a table needs a variable, and there is none.");
  const wrong = variables.find(
    ({ dims, path }) => dims.length !== 1 || dims[0] !== first.dims[0] || path.lastIndexOf("/") > 0,
  );
  if (wrong === undefined) return variables;
  const dims = wrong.dims.length === 0 ? "no dimension" : `dimensions ${wrong.dims.join(", ")}`;
  throw new WriteFailedError(
    location,
    `a table has one dimension and no groups, and "${wrong.path}" has ${dims}${wrong === first ? "" : `, while "${first.path}" has ${first.dims.join(", ")}`}. Write it as HDF5, NetCDF or Zarr, or select variables that go together.`,
  );
}

/** Elements of a column as fields. */
function textsOf(array: NdArray, { decimal }: TableFormat): (index: number) => string {
  const { fillValue } = array;
  return (index) => {
    const value = array.at(index);
    if (value === fillValue) return "";
    return array.dtype.startsWith("float") ? floatText(value as number, decimal) : plainText(value);
  };
}

function plainText(value: Scalar): string {
  return String(value);
}

/** The shortest text that is read as the same float, and not as an integer. */
function floatText(value: number, decimal: "." | ","): string {
  if (Number.isNaN(value)) return "";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  const text = Object.is(value, -0) ? "-0" : String(value);
  const marked = /[.e]/.test(text) ? text : `${text}.0`;
  return decimal === "." ? marked : marked.replace(".", decimal);
}

/** Makes a line of fields; those that would be read otherwise are quoted. */
function lineWriter(
  delimiter: string,
  { quote, comment }: TableFormat,
  width: number,
): (fields: readonly string[]) => string {
  const needsQuotes = (field: string, place: number): boolean =>
    field.includes(delimiter) ||
    field.includes(quote) ||
    /[\r\n]|^\s|\s$|^\uFEFF/.test(field) ||
    (place === 0 && comment !== undefined && field.startsWith(comment)) ||
    // A line that is empty would be passed over.
    (width === 1 && field === "");
  return (fields) => {
    const texts = fields.map((field, place) =>
      needsQuotes(field, place) ? quote + field.replaceAll(quote, quote + quote) + quote : field,
    );
    return `${texts.join(delimiter)}\n`;
  };
}
