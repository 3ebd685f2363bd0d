import {
  auxiliaryCoordinates,
  axisOf,
  boundsOf,
  type Dataset,
  isTimeUnit,
  type Selection,
  subset,
  type Variable,
} from "../../../core/index.ts";

/** What the dimensions of a variable are, as a report sees them. */
export interface FieldDims {
  readonly time: string | undefined;
  /** Latitude and longitude, each along a dimension of its own: a map can be drawn. */
  readonly grid: { readonly lat: string; readonly lon: string } | undefined;
  /** Two dimensions of a plane on which no map is drawn, and why. */
  readonly plane: { readonly dims: readonly string[]; readonly why: string } | undefined;
  /** Stations, cities, cells: places without an order. */
  readonly place: string | undefined;
  /** Others: levels, return periods, members. */
  readonly extra: readonly string[];
}

/** A variable, or a part of one, that goes along time, a grid or places, and nothing else. */
export interface Field {
  readonly dataset: Dataset;
  readonly variable: Variable;
  readonly dims: FieldDims;
  /** Which part of the variable it is: `return_period 100 year`; empty where it is all of it. */
  readonly part: string;
}

const PLACES =
  /^(station|location|place|site|city|realization|region|point|cell|gauge|basin|nstations|ncell|rlon_rlat)s?/i;

/** Variables to tell of: numbers that are no coordinates, bounds, grid mappings or texts. */
export function reportedVariables(dataset: Dataset): readonly Variable[] {
  const all = Object.values(dataset.variables);
  const beside = new Set<string>(dataset.coordinates);
  for (const variable of all) {
    for (const each of auxiliaryCoordinates(dataset, variable)) beside.add(each.name);
    const bounds = boundsOf(dataset, variable);
    if (bounds) beside.add(bounds.name);
    for (const word of String(variable.attributes["grid_mapping"] ?? "").split(/[\s:]+/)) beside.add(word);
  }
  return all.filter(({ name, dtype, dims, unit, attributes }) => {
    if (beside.has(name) || dtype === "string" || dims.length === 0) return false;
    if (/(_bnds|_bounds|_vertices)$/i.test(name) || (unit !== undefined && isTimeUnit(unit))) return false;
    // Flags are for programs, and coordinates that no variable names are coordinates still.
    if (attributes["flag_values"] !== undefined || attributes["flag_masks"] !== undefined) return false;
    return !/^(latitude|longitude|time)$/.test(String(attributes["standard_name"] ?? "")) && !/^(lat|lon)$/i.test(name);
  });
}

/** Tells what the dimensions of a variable are. */
export function fieldDims(dataset: Dataset, variable: Variable): FieldDims {
  const coordinate = (dim: string): Variable | undefined =>
    Object.hasOwn(dataset.variables, dim) && dataset.variables[dim]?.dims.length === 1
      ? dataset.variables[dim]
      : undefined;
  const { dims } = variable;
  const time = dims.find((dim) => {
    const unit = coordinate(dim)?.unit;
    return unit !== undefined && isTimeUnit(unit);
  });
  const others = dims.filter((dim) => dim !== time);
  const along = (axis: "X" | "Y", name: RegExp): string | undefined =>
    others.find((dim) => {
      const each = coordinate(dim);
      return each !== undefined && (axisOf(each) === axis || name.test(dim));
    });
  const lat = along("Y", /^(lat|latitude)$/i);
  const lon = along("X", /^(lon|longitude)$/i);
  const left = others.filter((dim) => dim !== lat && dim !== lon);
  const none = { grid: undefined, plane: undefined, place: undefined };
  if (lat !== undefined && lon !== undefined) {
    const why = whyNoMap(coordinate(lat), coordinate(lon));
    if (why === undefined) return { ...none, time, grid: { lat, lon }, extra: left };
    return { ...none, time, plane: { dims: [lat, lon], why }, extra: left };
  }
  const curved = auxiliaryCoordinates(dataset, variable).find(
    (each) => each.dims.length === 2 && (axisOf(each) === "Y" || /^lat/i.test(each.name)),
  );
  if (curved?.dims.every((dim) => others.includes(dim))) {
    const why = `latitude and longitude lie along two dimensions (${curved.dims.join(", ")})`;
    return {
      ...none,
      time,
      plane: { dims: curved.dims, why },
      extra: others.filter((dim) => !curved.dims.includes(dim)),
    };
  }
  const place =
    others.find((dim) => PLACES.test(dim) || hasNames(dataset, dim)) ?? (others.length === 1 ? others[0] : undefined);
  return { ...none, time, place, extra: others.filter((dim) => dim !== place) };
}

function whyNoMap(lat: Variable | undefined, lon: Variable | undefined): string | undefined {
  const name = String(lat?.attributes["standard_name"] ?? "");
  if (name.startsWith("grid_")) return "its latitudes and longitudes are those of a rotated pole";
  if (name.startsWith("projection_")) return "its grid is that of a projection";
  const isDegrees = (variable: Variable | undefined): boolean => /^deg/i.test(variable?.unit ?? "degrees");
  if (!isDegrees(lat) || !isDegrees(lon)) return `its grid is in ${lat?.unit} and ${lon?.unit}, not in degrees`;
  if (lat?.shape[0] === 1 && lon?.shape[0] === 1) return "it has one cell";
  return undefined;
}

function hasNames(dataset: Dataset, dim: string): boolean {
  return Object.values(dataset.variables).some(
    ({ dims, dtype }) => dims.length === 1 && dims[0] === dim && dtype === "string",
  );
}

/** The variable, or up to `most` parts of it, each without further dimensions. */
export async function fieldsOf(
  source: Dataset,
  variable: Variable,
  { most, signal }: { readonly most: number; readonly signal?: AbortSignal | undefined },
): Promise<{ readonly fields: readonly Field[]; readonly left: string | undefined }> {
  const { extra } = fieldDims(source, variable);
  const [first, ...rest] = extra;
  if (first === undefined) {
    const whole = await subset(source, { variables: [variable.name], signal });
    return { fields: [field(whole, variable.name, "")], left: undefined };
  }
  const length = variable.shape[variable.dims.indexOf(first)] as number;
  const indices =
    length <= most
      ? Array.from({ length }, (_, i) => i)
      : [...new Set([0, Math.floor((length - 1) / 2), length - 1])].slice(0, most);
  const fixed: Selection = Object.fromEntries(rest.map((dim) => [dim, 0]));
  const fields: Field[] = [];
  for (const index of indices) {
    const selection = { ...fixed, [first]: index };
    const part = await subset(source, { variables: [variable.name], selection, signal });
    const texts: string[] = [];
    for (const [dim, at] of Object.entries({ [first]: index, ...fixed })) {
      texts.push(await placeText(source, dim, at as number, signal));
    }
    fields.push(field(part, variable.name, texts.join(", ")));
  }
  const more = [
    ...(indices.length < length ? [`${indices.length} of the ${length} along "${first}"`] : []),
    ...rest.map((dim) => `the first along "${dim}"`),
  ];
  return { fields, left: more.length > 0 ? `Shown: ${more.join(", ")}.` : undefined };
}

function field(dataset: Dataset, name: string, part: string): Field {
  const variable = dataset.variables[name] as Variable;
  return { dataset, variable, dims: fieldDims(dataset, variable), part };
}

async function placeText(
  source: Dataset,
  dim: string,
  index: number,
  signal: AbortSignal | undefined,
): Promise<string> {
  const coordinate = Object.hasOwn(source.variables, dim) ? source.variables[dim] : undefined;
  if (coordinate?.dims.length !== 1) return `${dim} ${index}`;
  const value = (await coordinate.read({ [dim]: index }, { signal })).at();
  return `${dim.replaceAll("_", " ")} ${value}${coordinate.unit === undefined || coordinate.unit === "1" ? "" : ` ${coordinate.unit}`}`;
}
