import { z } from "zod";
import { checkSchema, type SchemaProblem } from "../../../core/index.ts";
import { ResponseInvalidError } from "../errors.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import { between } from "./between.ts";

/** One cell, counted from 0. */
export type Cell = readonly [layer: number, alpha: number, r: number];

/** A cell that reads noise beside its signal: in so many of its events an exponentially distributed energy. */
export interface HotCell {
  readonly cell: Cell;
  /** Probability of noise in an event, above 0 to 1. */
  readonly rate: number;
  /** Mean energy of the noise in such an event, MeV. */
  readonly meanMeV: number;
}

/**
 * What happens to a shower between the true energies of its cells and those that are read out. Plain JSON: equal conditions
 * have equal canonical text. The defaults leave showers as they are.
 */
export interface ResponseConditions {
  readonly schemaVersion: 1;
  /** Factor of each layer, `[layer]`. */
  readonly gains: readonly number[];
  /** Temperature of the detector, °C. */
  readonly temperatureC: number;
  /** Temperature at which the gains hold, °C. */
  readonly referenceTemperatureC: number;
  /** Relative change of each layer's response per kelvin above {@link referenceTemperatureC}, 1/K, `[layer]`. */
  readonly responsePerKelvin: readonly number[];
  /** In the order of their cells. */
  readonly hotCells: readonly HotCell[];
  /** Cells that read 0, in order. */
  readonly deadCells: readonly Cell[];
  /** A cell that would read less reads 0, MeV. */
  readonly thresholdMeV: number;
}

const MIN_FACTOR = 0.1;
const MAX_FACTOR = 10;
/** Each has a random stream of its own. */
export const MAX_HOT_CELLS = 1000;

const gain = between(MIN_FACTOR, MAX_FACTOR);
const perKelvin = between(-0.5, 0.5, "1/K");
export const temperatureC = between(-273.15, 1000, "°C");
export const thresholdMeV = between(0, 1e6, "MeV");
const index = z.int({ error: "It must be an integer from 0." }).min(0, { error: "It must be an integer from 0." });
export const cell = z
  .tuple([index, index, index], { error: "It must be a cell: [layer, alpha, r], counted from 0." })
  .readonly();
export const noise = {
  rate: between(1e-9, 1).describe("Probability of noise in an event."),
  meanMeV: between(1e-6, 1e6, "MeV").describe("Mean energy of the noise in such an event, MeV."),
};

/** What somebody writes: everything has a default, and one coefficient may stand for all layers. */
export const ResponseSchema = z.strictObject({
  schemaVersion: z.literal(1, { error: "It must be 1." }).default(1),
  gains: z.array(gain).readonly().optional().describe("Factor of each layer; 1 by default."),
  temperatureC: temperatureC.optional().describe("Temperature, °C; that of reference by default."),
  referenceTemperatureC: temperatureC.default(20).describe("Temperature at which the gains hold, °C."),
  responsePerKelvin: z
    .union([perKelvin, z.array(perKelvin).readonly()], {
      error: "It must be a number from -0.5 to 0.5, in 1/K, or a list of them, one for each layer.",
    })
    .default(0)
    .describe("Relative change of response per kelvin, 1/K: one for all layers, or one for each."),
  hotCells: z
    .array(z.strictObject({ cell, ...noise }))
    .max(MAX_HOT_CELLS, { error: `At most ${MAX_HOT_CELLS} cells may be hot.` })
    .readonly()
    .default([])
    .describe("Cells that read noise beside their signal."),
  deadCells: z.array(cell).readonly().default([]).describe("Cells that read 0: [layer, alpha, r]."),
  thresholdMeV: thresholdMeV.default(0).describe("A cell that would read less reads 0, MeV."),
});

/** What {@link responseConditions} takes. */
export type ResponseOptions = z.input<typeof ResponseSchema>;

/**
 * Response conditions in full, checked against a geometry. What it gives it takes again, also after a way through JSON.
 *
 * @param options - Read from a file, say; `{}` is the response that changes nothing.
 * @throws `TWIN_RESPONSE_INVALID`, naming each entry that is wrong, and what is allowed.
 *
 * @example
 * const conditions = responseConditions({ responsePerKelvin: -0.02, temperatureC: 23 }, geometry);
 * digestJson(conditions);
 */
export function responseConditions(options: unknown, geometry: CalorimeterGeometry): ResponseConditions {
  const { value, problems = [] } = conditionsOrProblems(options, geometry);
  if (value === undefined) throw new ResponseInvalidError(problems);
  return value;
}

/** As {@link responseConditions}, for those who have more to tell than its error. */
export function conditionsOrProblems(
  options: unknown,
  geometry: CalorimeterGeometry,
):
  | { readonly value: ResponseConditions; readonly problems?: undefined }
  | { readonly value?: undefined; readonly problems: readonly SchemaProblem[] } {
  const checked = checkSchema(ResponseSchema, options);
  if (checked.problems) return checked;
  const given = checked.value;
  const [layers] = geometry.shape;
  const of = (each: number | readonly number[]): readonly number[] =>
    typeof each === "number" ? new Array<number>(layers).fill(each) : each;
  const { referenceTemperatureC } = given;
  const value: ResponseConditions = {
    schemaVersion: 1,
    gains: of(given.gains ?? 1),
    temperatureC: given.temperatureC ?? referenceTemperatureC,
    referenceTemperatureC,
    responsePerKelvin: of(given.responsePerKelvin),
    hotCells: given.hotCells.toSorted((a, b) => compareCells(a.cell, b.cell)),
    deadCells: given.deadCells.toSorted(compareCells),
    thresholdMeV: given.thresholdMeV,
  };
  const problems = [
    ...lengthProblems(value, layers),
    ...cellProblems(given, geometry),
    ...temperatureProblems(value, value.temperatureC),
  ];
  return problems.length > 0 ? { problems } : { value };
}

/** Why a temperature cannot be: it would leave a layer without response, or with one that no detector has. */
export function temperatureProblems(
  { responsePerKelvin, referenceTemperatureC }: ResponseConditions,
  temperatureC: number,
): readonly SchemaProblem[] {
  const layer = responsePerKelvin.findIndex((each) => {
    const factor = 1 + each * (temperatureC - referenceTemperatureC);
    return !(factor >= MIN_FACTOR && factor <= MAX_FACTOR);
  });
  if (layer < 0) return [];
  const coefficient = responsePerKelvin[layer] as number;
  const factor = 1 + coefficient * (temperatureC - referenceTemperatureC);
  const message = `At ${temperatureC} °C the response of layer ${layer} would be ${short(factor)} of that at ${referenceTemperatureC} °C; it must be from ${MIN_FACTOR} to ${MAX_FACTOR}.`;
  return [{ path: ["responsePerKelvin"], message }];
}

/** What is allowed of a gain, as the end of a sentence; `undefined` where it is. */
export function gainProblem(gain: number): string | undefined {
  if (gain >= MIN_FACTOR && gain <= MAX_FACTOR) return undefined;
  return `would be ${short(gain)}; it must be from ${MIN_FACTOR} to ${MAX_FACTOR}.`;
}

/** Why a geometry has no such cell; `undefined` where it has. */
export function cellProblem(cell: Cell, { name, shape }: CalorimeterGeometry): string | undefined {
  if (cell.every((each, axis) => each < (shape[axis] as number))) return undefined;
  const [layer, alpha, r] = shape.map((length) => length - 1);
  return `There is no cell [${cell.join(", ")}] in geometry "${name}": layers are 0 to ${layer}, alpha 0 to ${alpha}, r 0 to ${r}.`;
}

function lengthProblems(conditions: ResponseConditions, layers: number): readonly SchemaProblem[] {
  return (["gains", "responsePerKelvin"] as const).flatMap((name) => {
    const { length } = conditions[name];
    return length === layers
      ? []
      : [{ path: [name], message: `It has ${length} values; give one for each of the ${layers} layers.` }];
  });
}

function cellProblems(given: z.output<typeof ResponseSchema>, geometry: CalorimeterGeometry): SchemaProblem[] {
  const lists = {
    hotCells: given.hotCells.map(({ cell }) => cell),
    deadCells: given.deadCells,
  };
  return Object.entries(lists).flatMap(([name, list]) => {
    const seen = new Set<string>();
    return list.flatMap((cell, place): SchemaProblem[] => {
      const missing = cellProblem(cell, geometry);
      const message = missing ?? (seen.has(String(cell)) ? `Cell [${cell.join(", ")}] is there twice.` : undefined);
      seen.add(String(cell));
      return message === undefined ? [] : [{ path: [name, place], message }];
    });
  });
}

/** Order of cells in conditions. */
export function compareCells(a: Cell, b: Cell): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/** A number for people, without the last digits of a calculation. */
function short(value: number): string {
  return String(Number(value.toPrecision(6)));
}
