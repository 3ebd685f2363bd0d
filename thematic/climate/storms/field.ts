import {
  convertUnits,
  type Dataset,
  describeNames,
  type LinearMap,
  type Selection,
  type Variable,
} from "../../../core/index.ts";
import { ClimateInputError } from "../errors.ts";
import { AT_POLE, type StormGrid } from "./grid.ts";

/** A variable of a dataset, by its name; or with the unit that its file does not state, and with what to take of its further dimensions. */
export type StormField =
  | string
  | {
      readonly name: string;
      /** Where the file states none. One that contradicts the file's is refused. */
      readonly unit?: string;
      /** One value of each dimension beside time, latitude and longitude: `{ plev: { value: 30000 } }`. */
      readonly select?: Selection;
    };

/** The names of the three dimensions. */
export interface StormDims {
  readonly time: string;
  readonly lat: string;
  readonly lon: string;
}

/** A variable that is read step by step onto a grid. */
export interface FieldReader {
  readonly variable: Variable;
  /** Bytes of one step, as read and as float64. */
  readonly bytes: number;
  /** Reads steps; the function gives the values of one of them, `[point]`, in the unit asked for, NaN where missing. */
  read(start: number, stop: number, signal?: AbortSignal): Promise<(step: number, into: Float64Array) => void>;
}

/** What a field must be: in one of these units. */
export interface FieldNeed {
  /** Of the option, for messages: `"pressure"`. */
  readonly option: string;
  /** The first is what values are converted to; for another one the factor to it is given. */
  readonly units: readonly (readonly [unit: string, factor: number])[];
  /** East or north of a vector: at a pole each column has its own directions. */
  readonly isComponent?: boolean;
}

/** @throws `TWIN_CLIMATE_INPUT_INVALID` where the variable is not there, has other dimensions, or no fitting unit. */
export function fieldReader(
  dataset: Dataset,
  field: StormField,
  {
    need,
    dims,
    grid,
    steps,
  }: {
    readonly need: FieldNeed;
    readonly dims: StormDims;
    readonly grid: StormGrid /** 0 for a field without time. */;
    readonly steps: number;
  },
): FieldReader {
  const variable = fieldVariable(dataset, field, need.option);
  const select = typeof field === "string" ? {} : (field.select ?? {});
  const left = variable.dims.filter((dim) => !isOne(select[dim]));
  const wanted = steps === 0 ? [dims.lat, dims.lon] : [dims.time, dims.lat, dims.lon];
  const lengths = [...(steps === 0 ? [] : [steps]), grid.rows, grid.dataColumns];
  const fits =
    left.length === wanted.length &&
    wanted.every((dim, i) => left.includes(dim) && variable.shape[variable.dims.indexOf(dim)] === lengths[i]);
  if (!fits) {
    throw new ClimateInputError(
      `${need.option}: "${variable.name}" is [${variable.dims.map((dim, i) => `${dim} = ${variable.shape[i]}`).join(", ")}]; it must be [${wanted.map((dim, i) => `${dim} = ${lengths[i]}`).join(", ")}]. Take one of a further dimension by \`select: { ${left.find((dim) => !wanted.includes(dim)) ?? "level"}: 0 }\`.`,
    );
  }
  const { scale, offset } = unitOf(variable, field, need);
  return {
    variable,
    bytes: grid.rows * grid.dataColumns * 16,
    async read(start, stop, signal) {
      const range = steps === 0 ? {} : { [dims.time]: { start, stop } };
      const array = (await variable.read({ ...select, ...range }, { signal })).transpose(wanted);
      return (step, into) => {
        const values = (steps === 0 ? array : array.slice({ [dims.time]: step - start })).toFloat64();
        place(grid, values, { scale, offset, isComponent: need.isComponent ?? false }, into);
      };
    },
  };
}

/** Whether a dimension is dropped by what is selected of it. */
export function isOne(selection: Selection[string] | undefined): boolean {
  return typeof selection === "number" || (typeof selection === "object" && "value" in selection);
}

function place(
  { rows, columns, lat, wraps, dataRow, dataColumn, dataColumns }: StormGrid,
  values: Float64Array,
  { scale, offset, isComponent }: LinearMap & { readonly isComponent: boolean },
  into: Float64Array,
): void {
  for (let row = 0; row < rows; row++) {
    const from = (dataRow[row] as number) * dataColumns;
    for (let column = 0; column < columns; column++) {
      const value = (values[from + (dataColumn[column] as number)] as number) * scale + offset;
      into[row * columns + column] = Number.isFinite(value) ? value : Number.NaN;
    }
  }
  if (isComponent || !wraps) return;
  // A pole is one point, however many values its row has.
  for (const row of [0, rows - 1]) {
    if (Math.abs(lat[row] as number) < 90 - AT_POLE) continue;
    const known = into.subarray(row * columns, (row + 1) * columns).filter((value) => !Number.isNaN(value));
    into.fill(known.reduce((sum, value) => sum + value, 0) / known.length, row * columns, (row + 1) * columns);
  }
}

/** The variable that an option names. @throws `TWIN_CLIMATE_INPUT_INVALID`. */
export function fieldVariable(dataset: Dataset, field: StormField, option: string): Variable {
  const name = typeof field === "string" ? field : field.name;
  if (Object.hasOwn(dataset.variables, name)) return dataset.variables[name] as Variable;
  throw new ClimateInputError(
    `${option}: there is no variable "${name}". ${describeNames(name, Object.keys(dataset.variables))}`,
  );
}

function unitOf(variable: Variable, field: StormField, { option, units }: FieldNeed): LinearMap {
  const given = typeof field === "string" ? undefined : field.unit;
  if (given !== undefined && variable.unit !== undefined && given !== variable.unit) {
    throw new ClimateInputError(
      `${option}: "${variable.name}" is in "${variable.unit}", and the option says "${given}". Leave the unit out.`,
    );
  }
  const unit = variable.unit ?? given;
  const names = units.map(([each]) => each).join(" or ");
  if (unit === undefined) {
    throw new ClimateInputError(
      `${option}: "${variable.name}" states no unit. Say which one it is in: { name: "${variable.name}", unit: "${units[0]?.[0]}" }.`,
    );
  }
  for (const [target, factor] of units) {
    try {
      const { scale, offset } = convertUnits(unit, target);
      return { scale: scale * factor, offset: offset * factor };
    } catch {
      // Another of them may fit.
    }
  }
  throw new ClimateInputError(`${option}: "${variable.name}" is in "${unit}", which does not convert to ${names}.`);
}
