import type { Dataset, Figure, Series, Table, Variable } from "../../../core/index.ts";
import type { Field } from "./fields.ts";
import { fieldDims } from "./fields.ts";
import { MOST_ROWS, placesOf } from "./place-items.ts";
import { titleOf, unitText } from "./words.ts";

/** Places whose curves can be told apart. */
const MOST_CURVES = 6;

const LEVEL = "return_level";
const PERIOD = "return_period";

/** Whether a variable holds return levels of places, as `returnLevels` makes them. */
export function isReturnLevelOfPlaces(dataset: Dataset, variable: Variable): boolean {
  if (variable.name !== LEVEL || !variable.dims.includes(PERIOD) || !Object.hasOwn(dataset.variables, PERIOD))
    return false;
  const { grid, plane, extra, time } = fieldDims(dataset, variable);
  return !grid && !plane && time === undefined && extra.every((dim) => dim === PERIOD);
}

/** Curves of return levels over their periods, and a table with intervals. */
export async function returnLevelItems(
  dataset: Dataset,
  variable: Variable,
  { signal }: { readonly signal?: AbortSignal | undefined },
): Promise<readonly (Figure | Table)[]> {
  const periods = (await (dataset.variables[PERIOD] as Variable).read({}, { signal })).toFloat64();
  const place = variable.dims.find((dim) => dim !== PERIOD);
  const count = place === undefined ? 1 : (variable.shape[variable.dims.indexOf(place)] as number);
  const shown = Math.min(count, MOST_ROWS);
  const part = place === undefined ? {} : { [place]: { start: 0, stop: shown } };
  const read = async (name: string): Promise<((period: number, i: number) => number | null) | undefined> => {
    const each = Object.hasOwn(dataset.variables, name) ? dataset.variables[name] : undefined;
    if (!each) return undefined;
    const array = await each.read(part, { signal });
    const values = array.toFloat64();
    const isFirst = array.dims[0] === PERIOD;
    return (period, i) => {
      const value = values[isFirst ? period * shown + i : i * periods.length + period];
      return value !== undefined && Number.isFinite(value) ? value : null;
    };
  };
  const level = (await read(LEVEL)) as (period: number, i: number) => number | null;
  const [lower, upper] = [await read(`${LEVEL}_lower`), await read(`${LEVEL}_upper`)];
  const places = place === undefined ? { names: [""] } : await placesOf(dataset, variable, place, signal);
  const unit = unitText(variable);
  const withUnit = unit === undefined ? {} : { unit };
  const x = Array.from(periods);
  const curve = (name: string, at: (period: number, i: number) => number | null, i: number): Series => ({
    ...{ kind: "line", name, x },
    y: x.map((_, period) => at(period, i)),
  });
  const isAlone = shown === 1;
  const names = places.names.slice(0, shown);
  const curves = names
    .slice(0, MOST_CURVES)
    .flatMap((name, i) => [
      curve(isAlone ? "return level" : name, level, i),
      ...(isAlone && upper && lower ? [curve("upper end", upper, i), curve("lower end", lower, i)] : []),
    ]);
  const interval = dataset.variables[`${LEVEL}_lower`];
  const intervalText = interval ? ` Intervals: ${titleOf(interval).replace(/^lower end of /, "")}.` : "";
  const more = count > shown ? ` The first ${shown} of ${count} places.` : "";
  const figure: Figure = {
    kind: "figure",
    caption: `Return levels over return periods.${count > MOST_CURVES ? ` The first ${MOST_CURVES} of ${count} places.` : ""}`,
    x: { label: "return period", unit: "year", scale: "log" },
    y: { label: "return level", ...withUnit },
    series: curves,
  };
  const table: Table = {
    kind: "table",
    caption: `Return levels.${intervalText}${more}`,
    columns: [
      { name: "place" },
      ...x.flatMap((period) => [
        { name: `${period} years`, ...withUnit },
        ...(lower && upper
          ? [
              { name: "from", ...withUnit },
              { name: "to", ...withUnit },
            ]
          : []),
      ]),
    ],
    rows: names.map((name, i) => [
      name,
      ...x.flatMap((_, period) => [level(period, i), ...(lower && upper ? [lower(period, i), upper(period, i)] : [])]),
    ]),
  };
  const hasCurve =
    x.length > 1 && x.every((period) => period > 0) && curves.some(({ y }) => y.some((each) => each !== null));
  return hasCurve ? [figure, table] : [table];
}

/** Variables that are told of with another: the ends of an interval. */
export function isEndOfInterval(dataset: Dataset, { name }: Pick<Variable, "name">): boolean {
  const base = name.replace(/_(lower|upper)$/, "");
  return base !== name && Object.hasOwn(dataset.variables, base);
}

/** Values of a field without time, by its parts: least, mean and greatest of its cells. */
export function partsTable(
  title: string,
  fields: readonly Field[],
  values: readonly (readonly [least: number | null, mean: number | null, greatest: number | null])[],
): Table {
  const unit = fields[0] && unitText(fields[0].variable);
  const withUnit = unit === undefined ? {} : { unit };
  return {
    kind: "table",
    caption: `${title}: over the cells`,
    columns: [
      { name: "part" },
      { name: "least", ...withUnit },
      { name: "mean of the area", ...withUnit },
      { name: "greatest", ...withUnit },
    ],
    rows: fields.map(({ part }, i) => [part, ...(values[i] ?? [null, null, null])]),
  };
}
