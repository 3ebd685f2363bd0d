import { z } from "zod";
import {
  type Axis,
  checkSchema,
  type Figure,
  type GeoMap,
  type HeatMap,
  MOST_AXIS_NAMES,
  type Picture,
  type ReportDocument,
  type Series,
  type Table,
} from "../../core/index.ts";
import { InvalidReportError } from "./errors.ts";

type Problem = (path: readonly (string | number)[], message: string) => void;

const axis: z.ZodType<Axis> = z
  .strictObject({
    label: z.string(),
    unit: z.exactOptional(z.string()),
    scale: z.exactOptional(z.enum(["linear", "log"])),
    min: z.exactOptional(z.number()),
    max: z.exactOptional(z.number()),
    names: z.exactOptional(z.array(z.string())),
  })
  .superRefine((value, context) => checkAxis(value, problemsIn(context)));

const anyNumber = z.union([
  z.number(),
  z.nan(),
  z.literal(Number.POSITIVE_INFINITY),
  z.literal(Number.NEGATIVE_INFINITY),
]);

/** Numbers with gaps; JSON writes NaN and infinities as null, so that is what they mean before it is written, too. */
const numbersWithGaps: z.ZodType<(number | null)[]> = z.array(z.union([anyNumber, z.null()]));

/** Axes reach beyond their numbers, and a double does not reach far beyond this. */
const LARGEST = 1e100;

const series: z.ZodType<Series> = z
  .strictObject({
    kind: z.enum(["steps", "points", "line"]),
    name: z.string(),
    x: z.array(z.number()),
    y: numbersWithGaps,
    yError: z.exactOptional(numbersWithGaps),
  })
  .superRefine((value, context) => checkSeries(value, problemsIn(context)));

const figure = z
  .strictObject({
    kind: z.literal("figure"),
    caption: z.string(),
    x: axis,
    y: axis,
    series: z.array(series),
    ratioTo: z.exactOptional(z.string()),
  })
  .superRefine((value, context) => checkFigure(value, problemsIn(context)));

const label = { label: z.string(), unit: z.exactOptional(z.string()) };

const heatMap = z
  .strictObject({
    kind: z.literal("heatmap"),
    caption: z.string(),
    x: z.strictObject(label),
    y: z.strictObject(label),
    xEdges: z.array(z.number()).min(2),
    yEdges: z.array(z.number()).min(2),
    values: z.array(numbersWithGaps),
    color: z.strictObject({ ...label, min: z.number(), max: z.number() }),
  })
  .superRefine((value, context) => checkHeatMap(value, problemsIn(context)));

const degrees = z.number().min(-360).max(720);
const latitude = z.number().min(-90).max(90);

const geoMap = z
  .strictObject({
    kind: z.literal("map"),
    caption: z.string(),
    longitudeEdges: z.array(degrees).min(2),
    latitudeEdges: z.array(latitude).min(2),
    values: z.array(numbersWithGaps),
    color: z.strictObject({ ...label, min: z.number(), max: z.number(), palette: z.enum(["sequential", "diverging"]) }),
    tracks: z.exactOptional(
      z.array(z.strictObject({ name: z.string(), longitudes: z.array(degrees), latitudes: z.array(latitude) })),
    ),
    points: z.exactOptional(z.array(z.strictObject({ name: z.string(), longitude: degrees, latitude }))),
  })
  .superRefine((value, context) => checkGeoMap(value, problemsIn(context)));

const table = z
  .strictObject({
    kind: z.literal("table"),
    caption: z.string(),
    columns: z.array(
      z.strictObject({
        name: z.string(),
        unit: z.exactOptional(z.string()),
        digits: z.exactOptional(z.int().min(1).max(17)),
      }),
    ),
    rows: z.array(z.array(z.union([z.string(), anyNumber, z.null()]))),
  })
  .superRefine((value, context) => checkTable(value, problemsIn(context)));

/** Form of a `report.json`: what {@link ReportDocument} says, and that lengths, names and axes fit together. */
export const reportDocumentSchema: z.ZodType<ReportDocument> = z.strictObject({
  title: z.string().min(1),
  summary: z.exactOptional(z.string()),
  sections: z.array(
    z.strictObject({
      title: z.string(),
      text: z.exactOptional(z.string()),
      items: z.array(z.discriminatedUnion("kind", [table, figure, heatMap, geoMap])),
    }),
  ),
  provenance: z.exactOptional(z.record(z.string(), z.string())),
});

/** @throws {@link InvalidReportError} */
export function checkReportDocument(value: unknown): ReportDocument {
  return checked(reportDocumentSchema, value, "The report");
}

/** @throws {@link InvalidReportError} */
export function checkFigureValue(value: unknown): Picture {
  return checked(z.discriminatedUnion("kind", [figure, heatMap, geoMap]), value, "The figure");
}

function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = checkSchema(schema, value);
  if (result.problems) throw new InvalidReportError(what, result.problems);
  return result.value;
}

function checkAxis({ min, max, scale }: Axis, problem: Problem): void {
  if (isTooLarge(min ?? null)) problem(["min"], TOO_LARGE);
  if (isTooLarge(max ?? null)) problem(["max"], TOO_LARGE);
  if (min !== undefined && max !== undefined && min >= max) problem(["max"], `It must be above min, which is ${min}`);
  if (scale !== "log") return;
  if (min !== undefined && min <= 0) problem(["min"], "A logarithmic axis needs a min above 0");
  if (max !== undefined && max <= 0) problem(["max"], "A logarithmic axis needs a max above 0");
}

function checkSeries({ kind, x, y, yError }: Series, problem: Problem): void {
  const expected = kind === "steps" ? y.length + 1 : y.length;
  if (x.length !== expected) {
    problem(["x"], `${kind} with ${y.length} values need ${expected} x (${xMeaning(kind)}), and there are ${x.length}`);
  }
  const decrease = kind === "steps" ? x.findIndex((edge, index) => index > 0 && edge <= (x[index - 1] as number)) : -1;
  if (decrease > 0) problem(["x", decrease], `Bin edges must increase, and ${x[decrease]} follows ${x[decrease - 1]}`);
  for (const [key, numbers] of Object.entries({ x, y, yError: yError ?? [] })) {
    const large = numbers.findIndex(isTooLarge);
    if (large >= 0) problem([key, large], TOO_LARGE);
  }
  if (!yError) return;
  if (yError.length !== y.length) problem(["yError"], `${y.length} values need as many errors, not ${yError.length}`);
  const negative = yError.findIndex((error) => error !== null && error < 0);
  if (negative >= 0) problem(["yError", negative], `A standard error is not negative, and this is ${yError[negative]}`);
}

const TOO_LARGE = `Numbers beyond ±${LARGEST} cannot be drawn; choose another unit`;

function isTooLarge(value: number | null): boolean {
  return value !== null && Number.isFinite(value) && Math.abs(value) > LARGEST;
}

function xMeaning(kind: Series["kind"]): string {
  return kind === "steps" ? "the bin edges" : "one each";
}

function checkFigure({ x, y, series: all, ratioTo }: Figure, problem: Problem): void {
  if (x.names) checkNames(x, x.names, all, problem);
  if (y.names) problem(["y", "names"], "Names belong on the x axis; the figure then lies on its side");
  const names = all.map(({ name }) => name);
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (twice >= 0) problem(["series", twice, "name"], `Another series is called "${names[twice]}", too`);
  if (ratioTo !== undefined && !names.includes(ratioTo)) {
    problem(["ratioTo"], `No series is called "${ratioTo}"; there are: ${names.join(", ") || "none"}`);
  }
}

function checkNames(axis: Axis, names: readonly string[], all: readonly Series[], problem: Problem): void {
  const at = ["x", "names"] as const;
  if (names.length === 0) problem(at, "There must be at least one name");
  if (names.length > MOST_AXIS_NAMES) {
    problem(at, `A figure holds ${MOST_AXIS_NAMES} names, and there are ${names.length}; make several figures`);
  }
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (twice >= 0) problem([...at, twice], `Another place is called "${names[twice]}", too`);
  for (const key of ["unit", "scale", "min", "max"] as const) {
    if (axis[key] !== undefined) problem(["x", key], `An axis with names has no ${key}`);
  }
  for (const [index, { kind, x }] of all.entries()) {
    if (kind !== "points") problem(["series", index, "kind"], `Names are places of points, and these are ${kind}`);
    const outside = x.findIndex((place) => names[place] === undefined);
    if (outside < 0) continue;
    const range = `whole numbers from 0 to ${names.length - 1}, places of the names`;
    problem(["series", index, "x", outside], `x must be ${range}, and this is ${x[outside]}`);
  }
}

function checkHeatMap({ xEdges, yEdges, values, color }: HeatMap, problem: Problem): void {
  checkCells({ xEdges, yEdges }, values, problem);
  checkAxis({ ...color, scale: "linear" }, (path, message) => problem(["color", ...path], message));
}

function checkGeoMap({ longitudeEdges, latitudeEdges, values, color, tracks = [] }: GeoMap, problem: Problem): void {
  checkCells({ longitudeEdges, latitudeEdges }, values, problem);
  checkAxis({ label: color.label, min: color.min, max: color.max }, (path, message) =>
    problem(["color", ...path], message),
  );
  const width = (longitudeEdges.at(-1) as number) - (longitudeEdges[0] as number);
  if (width > 360) problem(["longitudeEdges"], `A map holds 360 degrees at most, and these are ${width}`);
  const uneven = tracks.findIndex(({ longitudes, latitudes }) => longitudes.length !== latitudes.length);
  if (uneven >= 0) problem(["tracks", uneven], "A track needs as many longitudes as latitudes");
}

/** Edges of columns first, then those of rows, under their names. */
function checkCells(
  edgesByName: Readonly<Record<string, readonly number[]>>,
  values: HeatMap["values"],
  problem: Problem,
): void {
  for (const [key, edges] of Object.entries(edgesByName)) {
    const decrease = edges.findIndex((edge, index) => index > 0 && edge <= (edges[index - 1] as number));
    if (decrease > 0)
      problem([key, decrease], `Edges must increase, and ${edges[decrease]} follows ${edges[decrease - 1]}`);
    const large = edges.findIndex(isTooLarge);
    if (large >= 0) problem([key, large], TOO_LARGE);
  }
  const [columns = [], rows = []] = Object.values(edgesByName);
  if (values.length !== rows.length - 1) {
    problem(["values"], `${rows.length} edges need ${rows.length - 1} rows, and there are ${values.length}`);
  }
  const wrong = values.findIndex((row) => row.length !== columns.length - 1);
  if (wrong >= 0) {
    problem(
      ["values", wrong],
      `${columns.length} edges need ${columns.length - 1} cells, not ${values[wrong]?.length}`,
    );
  }
}

function checkTable({ columns, rows }: Table, problem: Problem): void {
  const wrong = rows.findIndex((row) => row.length !== columns.length);
  if (wrong < 0) return;
  problem(["rows", wrong], `There are ${columns.length} columns, and this row has ${rows[wrong]?.length} cells`);
}

function problemsIn(context: z.core.$RefinementCtx): Problem {
  return (path, message) => context.addIssue({ code: "custom", path: [...path], message });
}
