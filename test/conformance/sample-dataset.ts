import {
  allocate,
  type DataOf,
  type Dataset,
  type DatasetInit,
  type DType,
  dataset,
  NdArray,
  type Scalar,
  type VariableInit,
} from "../../core/index.ts";

const ROWS = 6;
const COLUMNS = 5;

/** Values of each dtype that are easily got wrong: ends of the range, signs, subnormals, NaN, text beyond ASCII. */
const HARD_VALUES: { readonly [D in DType]: readonly DataOf<D>[number][] } = {
  float16: [0, -0, 1, -65504, 2 ** -24, 2 ** -14, Number.NaN, Number.POSITIVE_INFINITY, 0.333251953125],
  float32: [
    0,
    -0,
    3.4028234663852886e38,
    1.401298464324817e-45,
    Number.NaN,
    Number.NEGATIVE_INFINITY,
    0.10000000149011612,
  ],
  float64: [0, -0, Number.MAX_VALUE, Number.MIN_VALUE, Number.NaN, Number.NEGATIVE_INFINITY, 0.1],
  int8: [0, -128, 127],
  int16: [0, -32768, 32767],
  int32: [0, -2147483648, 2147483647],
  int64: [0n, -9223372036854775808n, 9223372036854775807n, 9007199254740993n],
  uint8: [0, 255],
  uint16: [0, 65535],
  uint32: [0, 4294967295],
  uint64: [0n, 18446744073709551615n],
  bool: [0, 1, 1],
  string: ["", "calorimeter", "Größe µ", "粒子", "🌍", "two\nlines"],
};

/** All dtypes. */
export const DTYPES: readonly DType[] = Object.keys(HARD_VALUES) as DType[];

/**
 * A dataset with all that a connector must keep: every dtype with hard values, in 0 to 3 dimensions, stored whole and in
 * chunks, coordinates that rise and fall, units, attributes of all kinds, nested groups, empty arrays.
 *
 * @param options - `dtypes`: those that the format has; all by default. `isTable`: no more than a table has, one dimension
 *   and units.
 */
export function sampleDataset(
  options: { readonly dtypes?: readonly DType[]; readonly isTable?: boolean } = {},
): Dataset {
  const { dtypes = DTYPES, isTable = false } = options;
  return dataset(isTable ? tableInit(dtypes) : sampleInit(dtypes));
}

function tableInit(dtypes: readonly DType[]): DatasetInit {
  const columns = dtypes.map((dtype): [string, NdArray] => [`grid_${dtype}`, array(dtype, { row: ROWS })]);
  return {
    variables: {
      row: floats([10, 20, 30, 40, 50, 60], "row").withUnit("m"),
      ...Object.fromEntries(columns),
    },
  };
}

function sampleInit(dtypes: readonly DType[]): DatasetInit {
  const grids = dtypes.map((dtype): [string, VariableInit] => [
    `grid_${dtype}`,
    { array: array(dtype, { row: ROWS, column: COLUMNS }), storage: { chunkShape: [4, 2] } },
  ]);
  const scalars = dtypes.map((dtype): [string, NdArray] => [`scalar_${dtype}`, array(dtype, {})]);
  return {
    variables: {
      row: floats([10, 20, 30, 40, 50, 60], "row").withUnit("m"),
      column: floats([2, 1, 0, -1, -2], "column").withUnit("degree"),
      ...Object.fromEntries(grids),
      ...Object.fromEntries(scalars),
      energy: {
        array: array("float32", { event: 7, row: ROWS, column: COLUMNS }).withUnit("MeV"),
        attributes: { long_name: "deposited energy", valid_min: 0 },
      },
      empty: array("float32", { nothing: 0, column: COLUMNS }),
      unnamed: floats([1, 2, 3], "dim_0"),
    },
    attributes: {
      title: "Conformance sample: Größe, 粒子",
      version: 3,
      scale: 0.5,
      nothing: "",
      // A format without booleans has none as attributes, either.
      ...(dtypes.includes("bool") && { flag: true }),
      huge: 9007199254740993n,
      levels: new NdArray(Int32Array.of(1, 2, 3), { dtype: "int32", shape: [3] }),
      edges: new NdArray(Float64Array.of(0.1, -0.2), { dtype: "float64", shape: [2] }),
      names: new NdArray(["a", "bc", "é"], { dtype: "string", shape: [3] }),
    },
    groups: {
      run: {
        variables: { count: array("int32", { row: ROWS }) },
        attributes: { operator: "Ada" },
        groups: { deeper: { variables: { value: array("float64", { own: 4 }) } } },
      },
      void: {},
    },
  };
}

function floats(values: readonly number[], dim: string): NdArray {
  return new NdArray(Float64Array.from(values), { dtype: "float64", shape: [values.length], dims: [dim] });
}

/** Hard values, over and over. */
function array(dtype: DType, lengths: Readonly<Record<string, number>>): NdArray {
  const shape = Object.values(lengths);
  const size = shape.reduce((product, length) => product * length, 1);
  const hard: readonly Scalar[] = HARD_VALUES[dtype];
  const data = allocate(dtype, size);
  // One loop for all dtypes; the table above has the right kind of value for each.
  const values = data as Scalar[];
  // Shifted by one with every round, so that no row or column is like its neighbour.
  const first = shape.length;
  for (let i = 0; i < size; i++) values[i] = hard[(first + i + Math.floor(i / hard.length)) % hard.length] as Scalar;
  return new NdArray(data, { dtype, shape, dims: Object.keys(lengths) });
}
