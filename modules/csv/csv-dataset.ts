import {
  type Attributes,
  type DataChunk,
  type DType,
  NdArray,
  type OpenDataset,
  resolveSelection,
  type Selection,
  type Storage,
  selectedLayout,
  type Variable,
} from "../../core/index.ts";
import type { CsvTable } from "./csv-table.ts";
import type { TableColumn } from "./table-index.ts";

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** An open table as a dataset: one dimension, a variable per column. */
export function csvDataset(table: CsvTable, location: string, dimension: string): OpenDataset {
  const { columns, rows } = table.index;
  const variables = columns.map((column, i) => new CsvVariable({ table, column, number: i, dimension }));
  const coordinate = variables.find(({ name }) => name === dimension);
  for (const variable of variables) variable.coordinate = coordinate;
  const close = (): Promise<void> => table.close();
  return {
    name: "",
    format: "csv",
    location,
    version: table.version,
    dims: { [dimension]: { length: rows, unlimited: false } },
    variables: Object.fromEntries(variables.map((variable) => [variable.name, variable])),
    coordinates: coordinate ? [dimension] : [],
    attributes: {},
    groups: {},
    close,
    [Symbol.asyncDispose]: close,
  };
}

class CsvVariable implements Variable {
  readonly name: string;
  readonly path: string;
  readonly dtype: DType;
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly unit: string | undefined;
  readonly fillValue: number | bigint | undefined;
  readonly attributes: Attributes;
  readonly storage: Storage = { filters: [] };
  coordinate: CsvVariable | undefined;
  readonly #table: CsvTable;
  readonly #number: number;

  constructor(init: {
    readonly table: CsvTable;
    readonly column: TableColumn;
    readonly number: number;
    readonly dimension: string;
  }) {
    const { name, header, unit, parsed } = init.column;
    this.#table = init.table;
    this.#number = init.number;
    this.name = name;
    this.path = `/${name}`;
    this.dtype = parsed.dtype;
    this.dims = [init.dimension];
    this.shape = [init.table.index.rows];
    this.unit = unit ?? (parsed.type === "time" ? "seconds since 1970-01-01" : undefined);
    this.fillValue = parsed.fillValue;
    this.attributes = {
      ...(header !== name && { long_name: header }),
      ...(this.unit !== undefined && { units: this.unit }),
      ...(parsed.type === "time" && { calendar: "proleptic_gregorian" }),
      ...(parsed.fillValue !== undefined && { _FillValue: parsed.fillValue }),
    };
  }

  async read(selection: Selection = {}, options: Abortable = {}): Promise<NdArray> {
    options.signal?.throwIfAborted();
    const axes = await resolveSelection(this, selection, async () => await this.coordinate?.read());
    const [{ start, step, count } = { start: 0, step: 1, count: 0 }] = axes;
    const data = await this.#table.read(this.#number, { start, step, count }, options);
    const { dtype, unit, fillValue } = this;
    return new NdArray(data, { dtype, unit, fillValue, ...selectedLayout(axes) });
  }

  async readMany(selections: readonly Selection[], options: Abortable = {}): Promise<readonly NdArray[]> {
    options.signal?.throwIfAborted();
    const arrays: NdArray[] = [];
    for (const selection of selections) arrays.push(await this.read(selection, options));
    return arrays;
  }

  async *chunks(options: Abortable = {}): AsyncGenerator<DataChunk> {
    options.signal?.throwIfAborted();
    const [dimension = ""] = this.dims;
    for (const { firstRow, rows } of this.#table.index.blocks) {
      const selection = { [dimension]: { start: firstRow, stop: firstRow + rows } };
      yield { selection, array: await this.read(selection, options) };
    }
  }
}
