import {
  type Attributes,
  auxiliaryCoordinates,
  boundsOf,
  type Dataset,
  dataset,
  decodeCf,
  findVariable,
  NdArray,
  type Periods,
  type Selection,
  type TimeAxis,
  toIndexSelection,
  type Variable,
  type VariableInit,
} from "../../../core/index.ts";

/** Attributes that tell of the file that was read, and not of what is computed from it. */
const OF_THE_FILE = [
  "history",
  "tracking_id",
  "creation_date",
  "frequency",
  "table_id",
  "nco",
  "cdo",
  "cdi",
  "cmor_version",
];

/** What a {@link resultDataset} is made of. */
export interface ResultInit {
  readonly source: Dataset;
  /** The first variable that was computed from: its coordinates are those of the result. */
  readonly like: Variable;
  readonly axis: TimeAxis;
  /** Of the result; left out where it goes along the steps of the data. */
  readonly periods?: Periods;
  readonly name: string;
  readonly result: NdArray | Variable;
  readonly attributes: Attributes;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A CF dataset of one variable, with time (the start of each period, and bounds, in unit and calendar of the data), the
 * coordinates in space, their bounds and the grid mapping of what it was computed from.
 */
export async function resultDataset(init: ResultInit): Promise<Dataset> {
  const { source, like, axis, periods, name, result, signal } = init;
  const carried = await carriedVariables(init);
  const time = periods ? periodTimes(axis, periods, source) : await stepTimes(source, axis, signal);
  const coordinates = auxiliaryCoordinates(source, like)
    .map((each) => each.name)
    .filter((each) => Object.hasOwn(carried, each));
  const mapping = like.attributes["grid_mapping"];
  const attributes: Attributes = {
    ...init.attributes,
    ...(coordinates.length > 0 && { coordinates: coordinates.join(" ") }),
    ...(typeof mapping === "string" &&
      mappingNames(mapping).some((each) => Object.hasOwn(carried, each)) && {
        grid_mapping: mapping,
      }),
  };
  const lengths = result.dims.map((dim, i) => [dim, result.shape[i] as number] as const);
  const made = dataset({
    dims: Object.fromEntries(lengths),
    variables: {
      ...time,
      ...carried,
      ...(result instanceof NdArray && { [name]: { array: result, attributes } }),
    },
    attributes: globalAttributes(source),
  });
  // Decoded, so that dates select.
  if (result instanceof NdArray) return decodeCf(made);
  const whole: Dataset = {
    ...made,
    variables: { ...made.variables, [name]: renamed(result, { name, attributes, whole: () => whole }) },
  };
  return whole;
}

function globalAttributes({ attributes }: Dataset): Attributes {
  const kept = Object.entries(attributes).filter(
    ([name]) => !OF_THE_FILE.includes(name.toLowerCase()) && !name.startsWith("DODS") && !name.startsWith("_"),
  );
  return { ...Object.fromEntries(kept), Conventions: "CF-1.11" };
}

function periodTimes(axis: TimeAxis, { bounds, count }: Periods, source: Dataset): Record<string, VariableInit> {
  const { dim, time } = axis;
  const pair = pairDimension(source);
  const starts = Float64Array.from({ length: count }, (_, period) => bounds[2 * period] as number);
  const attributes = {
    standard_name: "time",
    long_name: "start of the period",
    axis: "T",
    calendar: time.calendar,
    bounds: `${dim}_bnds`,
  };
  return {
    [dim]: {
      array: new NdArray(starts, { dtype: "float64", shape: [count], dims: [dim], unit: time.unit }),
      attributes,
    },
    [`${dim}_bnds`]: { array: new NdArray(bounds, { dtype: "float64", shape: [count, 2], dims: [dim, pair] }) },
  };
}

/** Name of a dimension of length 2. */
function pairDimension(source: Dataset): string {
  const free = ["bnds", "nv", "bounds"].find(
    (name) => !Object.hasOwn(source.dims, name) || source.dims[name]?.length === 2,
  );
  return free ?? "period_bnds";
}

async function stepTimes(
  source: Dataset,
  { dim }: TimeAxis,
  signal: AbortSignal | undefined,
): Promise<Record<string, VariableInit>> {
  const time = findVariable(source, dim);
  const bounds = boundsOf(source, time);
  return {
    [dim]: await held(time, signal),
    ...(bounds && { [bounds.name]: await held(bounds, signal) }),
  };
}

/** Coordinates of the other dimensions, further coordinates and grid mappings that do not go along time, with bounds. */
async function carriedVariables({
  source,
  like,
  axis,
  name,
  signal,
}: ResultInit): Promise<Record<string, VariableInit>> {
  const space = like.dims.filter((dim) => dim !== axis.dim);
  const mapping = like.attributes["grid_mapping"];
  const wanted = [
    ...space.flatMap((dim) => source.variables[dim] ?? []),
    ...auxiliaryCoordinates(source, like),
    ...(typeof mapping === "string" ? mappingNames(mapping).flatMap((each) => source.variables[each] ?? []) : []),
  ];
  const carried: Record<string, VariableInit> = {};
  for (const variable of wanted.flatMap((each) => [each, boundsOf(source, each) ?? []].flat())) {
    if (variable.dims.includes(axis.dim) || variable.name === name || Object.hasOwn(carried, variable.name)) continue;
    carried[variable.name] = await held(variable, signal);
  }
  return carried;
}

/** `"crs"`, or `"crs: x y other: lat lon"` (CF 1.11, section 5.6). */
function mappingNames(text: string): readonly string[] {
  const [first = ""] = text.trim().split(/\s+/);
  return first.endsWith(":") ? [...text.matchAll(/(\S+):/g)].map(([, each]) => each as string) : [first];
}

async function held(variable: Variable, signal: AbortSignal | undefined): Promise<VariableInit> {
  return { array: await variable.read({}, { signal }), attributes: variable.attributes };
}

/** A variable of another name, with attributes, selected from by the coordinates of its dataset. */
function renamed(
  variable: Variable,
  as: { readonly name: string; readonly attributes: Attributes; readonly whole: () => Dataset },
): Variable {
  const { dtype, dims, shape, unit, fillValue, storage } = variable;
  const { name } = as;
  const attributes = { ...as.attributes, ...(unit !== undefined && { units: unit }) };
  const indices = async (selection: Selection, signal: AbortSignal | undefined): Promise<Selection> =>
    await toIndexSelection(as.whole(), variable, selection, { signal });
  return {
    ...{ name, path: `/${name}`, dtype, dims, shape, unit, fillValue, attributes, storage },
    read: async (selection = {}, options = {}) =>
      await variable.read(await indices(selection, options.signal), options),
    readMany: async (selections, options = {}) =>
      await variable.readMany(
        await Promise.all(selections.map(async (each) => await indices(each, options.signal))),
        options,
      ),
    chunks: (options) => variable.chunks(options),
  };
}
