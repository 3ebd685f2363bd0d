import { TwinError } from "../../errors/twin-error.ts";
import type { Dataset, Variable } from "../dataset.ts";
import { characterDecoding, isCharacters } from "./character-decoding.ts";
import { DecodedVariable } from "./decoded-variable.ts";
import { type Decoding, numberDecoding } from "./decoding.ts";
import type { ProblemListener } from "./problem.ts";
import { cfTime } from "./time.ts";
import { isTimeUnit } from "./time-unit.ts";

/** How {@link decodeCf} reads what a file leaves open. */
export interface DecodeOptions {
  /**
   * Whether a variable without `_FillValue` has the default fill value of its type in NetCDF. False by default: only NetCDF
   * files are filled so, and in them not all variables.
   */
  readonly defaultFills?: boolean | ((variable: Variable) => boolean);
  /** Told of every attribute that cannot be understood, when `decodeCf` is called. */
  readonly onProblem?: ProblemListener;
}

/**
 * Shows a dataset as the CF conventions mean it. Reads nothing: values are decoded when they are read, selections by value
 * are of decoded coordinates and may be dates, and `variable.raw` is the variable as stored. What is decoded already stays as it is.
 *
 * - `_Unsigned` first: the integers are taken as those of the other sign.
 * - Raw values that are `_FillValue` or a `missing_value`, or outside `valid_range` (`valid_min`, `valid_max`), are missing:
 *   NaN in floats, {@link Variable.fillValue} in integers.
 * - `scale_factor` and `add_offset`: float64, unpacked.
 * - Characters (NetCDF's `char`) are joined along their last dimension into texts, unless that dimension is unlimited or
 *   has a coordinate.
 *
 * These attributes are then left out (`raw` has them). One that makes no sense is told to `onProblem` and not applied; where
 * that is `scale_factor` or `add_offset`, the variable is as stored. A time unit that is odd, or of which no dates can be
 * made, is told as well.
 *
 * @see CF 1.11, sections 2.2, 2.5.1 and 8.1; NetCDF Users Guide, appendix A.
 *
 * @example
 * const tas = new NdArray(Int16Array.of(2730, 2815, -1), { dtype: "int16", shape: [3], dims: ["time"], unit: "K" });
 * const packed = { array: tas, attributes: { scale_factor: 0.1, _FillValue: -1 } };
 * const decoded = decodeCf(dataset({ variables: { tas: packed } }));
 * await decoded.variables.tas?.read(); // 273, 281.5, NaN
 */
export function decodeCf(dataset: Dataset, options: DecodeOptions = {}): Dataset {
  const { defaultFills = false, onProblem = () => {} } = options;
  return decodeGroup(dataset, { defaultFills, onProblem, scope: new Map() });
}

interface Context {
  readonly defaultFills: boolean | ((variable: Variable) => boolean);
  readonly onProblem: ProblemListener;
  /** What is known of the dimensions of the groups above. */
  readonly scope: ReadonlyMap<string, ScopedDimension>;
}

interface ScopedDimension {
  readonly unlimited: boolean;
  readonly coordinate: Variable | undefined;
}

function decodeGroup(group: Dataset, context: Context): Dataset {
  const scope = new Map(context.scope);
  for (const [dim, { unlimited }] of Object.entries(group.dims)) {
    const isCoordinate = group.coordinates.includes(dim);
    scope.set(dim, { unlimited, coordinate: isCoordinate ? group.variables[dim] : undefined });
  }
  const coordinateOf = (dim: string): Variable | undefined => scope.get(dim)?.coordinate;
  const isPlace = (dim: string | undefined): boolean =>
    dim === undefined || scope.get(dim)?.unlimited === true || coordinateOf(dim) !== undefined;

  const decode = (raw: Variable): Variable => {
    if (raw.raw || raw.fillValue !== undefined) return raw;
    tellOfTimeUnit(raw, context.onProblem);
    const joinsLast = isCharacters(raw) && !isPlace(raw.dims.at(-1));
    const decoding = decodingOf(raw, joinsLast, context);
    const isPlain = !decoding && !raw.dims.some((dim) => hasOwnValues(coordinateOf(dim)));
    return isPlain ? raw : new DecodedVariable({ raw, decoding, joinsLast, coordinateOf });
  };
  // Coordinates first, so that the others know whether theirs are decoded.
  const coordinates = new Map<string, Variable>();
  for (const [dim, { unlimited, coordinate }] of scope) {
    if (coordinate === undefined || group.variables[dim] !== coordinate) continue;
    const decoded = decode(coordinate);
    coordinates.set(dim, decoded);
    scope.set(dim, { unlimited, coordinate: decoded });
  }
  return {
    name: group.name,
    dims: group.dims,
    variables: Object.fromEntries(
      Object.entries(group.variables).map(([name, raw]) => [name, coordinates.get(name) ?? decode(raw)]),
    ),
    coordinates: group.coordinates,
    attributes: group.attributes,
    groups: Object.fromEntries(
      Object.entries(group.groups).map(([name, child]) => [name, decodeGroup(child, { ...context, scope })]),
    ),
  };
}

/** Tells of a unit of time that dates cannot be made of, or only by a guess. */
function tellOfTimeUnit({ path, unit, attributes }: Variable, onProblem: ProblemListener): void {
  if (!isTimeUnit(unit)) return;
  const { calendar } = attributes;
  try {
    const { problems } = cfTime({ unit, calendar: typeof calendar === "string" ? calendar : undefined });
    for (const reason of problems) onProblem({ path: `${path}@units`, reason });
  } catch (error) {
    if (!(error instanceof TwinError)) throw error;
    onProblem({ path: `${path}@units`, reason: error.message });
  }
}

/** Whether selecting by value of a coordinate is more than its reader knows of. */
function hasOwnValues(coordinate: Variable | undefined): boolean {
  return coordinate !== undefined && (coordinate.raw !== undefined || isTimeUnit(coordinate.unit));
}

function decodingOf(raw: Variable, joinsLast: boolean, context: Context): Decoding | undefined {
  if (isCharacters(raw)) {
    return characterDecoding(raw, joinsLast ? (raw.shape.at(-1) ?? 1) : 1, context.onProblem);
  }
  if (raw.dtype === "string" || raw.dtype === "bool") return undefined;
  const { defaultFills, onProblem } = context;
  const isFilled = typeof defaultFills === "function" ? defaultFills(raw) : defaultFills;
  return numberDecoding(raw, { defaultFills: isFilled, onProblem });
}
