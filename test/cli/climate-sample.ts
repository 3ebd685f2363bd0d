import { join } from "node:path";
import { createTwin, type Dataset, dataset, NdArray } from "../../core/index.ts";
import { hdf5 } from "../../modules/hdf5/index.ts";
import { netcdf } from "../../modules/netcdf/index.ts";

/** Writes datasets as NetCDF, by the names of the files. */
export async function writeFiles(folder: string, files: Readonly<Record<string, Dataset>>): Promise<void> {
  await using twin = await createTwin({ name: "test", plugins: { hdf: hdf5(), files: netcdf() } });
  for (const [name, data] of Object.entries(files)) await twin.files.write(join(folder, name), data);
}

/** A variable of a NetCDF file, with its values. */
export async function readFile(
  file: string,
  name: string,
): Promise<{
  readonly values: readonly number[];
  readonly unit: string | undefined;
  readonly dims: readonly string[];
}> {
  await using twin = await createTwin({ name: "test", plugins: { hdf: hdf5(), files: netcdf() } });
  await using data = await twin.files.open(file);
  const variable = data.variables[name];
  if (!variable) throw new Error(`${file} has ${Object.keys(data.variables).join(", ")}`);
  return { values: [...(await variable.read()).toFloat64()], unit: variable.unit, dims: variable.dims };
}

/** Daily `tasmax` (degC) and `pr` (mm/day) at two places, from 2000-01-01 on. */
export function days(
  count: number,
  options: {
    readonly calendar?: string;
    readonly start?: number;
    readonly tasmax?: (day: number, place: number) => number;
  } = {},
): Dataset {
  // Ten days that come again and again: 20 to 29 degC; and a place where it is always 10.
  const { calendar = "standard", start = 0, tasmax = (day, place) => (place === 0 ? 20 + (day % 10) : 10) } = options;
  const along = (data: Float64Array, unit: string): NdArray =>
    new NdArray(data, { dtype: "float64", shape: [count, 2], dims: ["time", "place"], unit });
  const values = (of: (day: number, place: number) => number): Float64Array =>
    Float64Array.from({ length: 2 * count }, (_, at) => of(start + Math.floor(at / 2), at % 2));
  return dataset({
    variables: {
      time: {
        array: new NdArray(
          Float64Array.from({ length: count }, (_, day) => start + day),
          { dtype: "float64", shape: [count], dims: ["time"], unit: "days since 2000-01-01" },
        ),
        attributes: { calendar, standard_name: "time" },
      },
      place: new NdArray(["inland", "coast"], { dtype: "string", shape: [2], dims: ["place"] }),
      tasmax: { array: along(values(tasmax), "degC"), attributes: { cell_methods: "time: maximum" } },
      pr: {
        array: along(
          values((day) => day % 4),
          "mm/day",
        ),
        attributes: { cell_methods: "time: sum" },
      },
      bare: { array: new NdArray(values(tasmax), { dtype: "float64", shape: [count, 2], dims: ["time", "place"] }) },
    },
  });
}
