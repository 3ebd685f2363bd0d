import {
  type Dataset,
  InvalidArgumentError,
  type ReportDocument,
  type ReportSection,
  summarise,
  type Table,
  type Variable,
  VariableNotFoundError,
} from "../../../core/index.ts";
import { type Field, fieldDims, fieldsOf, reportedVariables } from "./fields.ts";
import { mapItems } from "./map-items.ts";
import { placeItems } from "./place-items.ts";
import { isEndOfInterval, isReturnLevelOfPlaces, partsTable, returnLevelItems } from "./return-level-items.ts";
import { areaSeries, seriesFigure } from "./series-items.ts";
import { spanText, timeOf } from "./spans.ts";
import { isTracks, tracksSection } from "./track-items.ts";
import { titleOf, unitText, variableText } from "./words.ts";

/** A dataset to tell of: data, climate indices, return levels, or storm tracks. */
export interface ClimateReportInput {
  /** As the page calls it: the name of the file. */
  readonly name: string;
  readonly dataset: Dataset;
  /** Facts for the foot of the page: its digest. */
  readonly facts?: Readonly<Record<string, string>> | undefined;
}

/** What {@link climateReport} tells of. */
export interface ClimateReportOptions {
  readonly title?: string | undefined;
  /** Names; all variables of numbers that are no coordinates by default. Those that a dataset lacks are passed over. */
  readonly variables?: readonly string[] | undefined;
  /** Variables of a dataset that are drawn, where none are named; 6 by default. The page names the others. */
  readonly mostVariables?: number | undefined;
  /** Memory for the data that are read at once, in bytes; 256e6 by default. */
  readonly maxBytes?: number | undefined;
  /** Facts for the foot of the page, beside those of the inputs. */
  readonly provenance?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the fraction done, 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** Parts of a variable with more dimensions (levels, return periods) that are drawn. */
const MOST_PARTS = 3;

/**
 * A page of climate data or results, for people: for each variable on latitudes and longitudes a map of its mean over time, one of the
 * change from the first to the last third of the periods (or of the latest step, where there are less than six periods), and the mean
 * over the area with the band of 10 % to 90 % of it; for places a table and lines; for storm tracks a map and a table. Captions state
 * what was chosen, and units; text is what the dataset states (`long_name`, `comment`, `cell_methods`). On rotated, projected and
 * two-dimensional grids no map is drawn, and the text says so.
 *
 * Data are read in blocks; more than 400 steps are drawn as means of years or months.
 *
 * @returns To be rendered by `Report.html`.
 * @throws `TWIN_INVALID_ARGUMENT` where there is nothing to tell of; `TWIN_VARIABLE_NOT_FOUND` for a name that no dataset has;
 *   `TWIN_TIME_AXIS_INVALID`; what reading throws.
 *
 * @example
 * const document = await climateReport([{ name: "tx90p.nc", dataset }]);
 * const page = await twin.report.html(document);
 */
export async function climateReport(
  inputs: readonly ClimateReportInput[],
  options: ClimateReportOptions = {},
): Promise<ReportDocument> {
  const { mostVariables = 6, signal, onProgress } = options;
  const asked = options.variables?.length ? options.variables : undefined;
  if (inputs.length === 0) throw new InvalidArgumentError("A report needs at least one dataset.");
  checkNames(inputs, asked);
  const rows: Table["rows"][number][] = [];
  const sections: ReportSection[] = [];
  const left: string[] = [];
  let [done, all] = [0, 0];
  const chosen = inputs.map((input) => {
    const variables = isTracks(input.dataset) ? [] : chooseVariables(input.dataset, asked);
    const drawn = asked ? variables : variables.slice(0, mostVariables);
    if (drawn.length < variables.length) {
      const names = variables.slice(drawn.length).map(({ name }) => name);
      left.push(
        `Of ${input.name} the first ${drawn.length} of ${variables.length} variables are drawn; not ${names.join(", ")}.`,
      );
    }
    all += Math.max(1, drawn.length);
    return { input, drawn };
  });
  for (const { input, drawn } of chosen) {
    const where = inputs.length > 1 ? ` (${input.name})` : "";
    if (isTracks(input.dataset)) {
      sections.push(await tracksSection(input.dataset, { title: `Storm tracks${where}`, signal }));
      onProgress?.(++done / all);
    }
    for (const variable of drawn) {
      const told = await variableSection(input.dataset, variable, { where, ...options });
      rows.push([variable.name, titleOf(variable), ...(inputs.length > 1 ? [input.name] : []), ...told.row]);
      sections.push(told.section);
      onProgress?.(++done / all);
    }
  }
  if (sections.length === 0) {
    throw new InvalidArgumentError(
      `There is nothing to draw: no dataset has a variable of numbers that is no coordinate. Datasets: ${inputs.map(({ name }) => name).join(", ")}.`,
    );
  }
  return {
    title: options.title ?? titleFrom(inputs),
    summary: [inputs.length === 1 ? inputs[0]?.name : `${inputs.length} files`, ...left].join(". "),
    sections: [...(rows.length > 1 ? [overview(rows, inputs.length > 1)] : []), ...sections],
    provenance: { ...provenanceOf(inputs), ...options.provenance },
  };
}

function checkNames(inputs: readonly ClimateReportInput[], names: readonly string[] | undefined): void {
  for (const name of names ?? []) {
    if (inputs.some(({ dataset }) => Object.hasOwn(dataset.variables, name))) continue;
    const there = inputs.flatMap(({ dataset }) => reportedVariables(dataset).map((each) => each.name));
    throw new VariableNotFoundError(name, [...new Set(there)]);
  }
}

function chooseVariables(dataset: Dataset, names: readonly string[] | undefined): readonly Variable[] {
  if (names)
    return names.flatMap((name) =>
      Object.hasOwn(dataset.variables, name) ? [dataset.variables[name] as Variable] : [],
    );
  return reportedVariables(dataset).filter((variable) => !isEndOfInterval(dataset, variable));
}

function titleFrom(inputs: readonly ClimateReportInput[]): string {
  const title = inputs.length === 1 ? inputs[0]?.dataset.attributes["title"] : undefined;
  return typeof title === "string" && title.trim() !== "" ? title.trim() : "Climate report";
}

/** A variable, told. */
interface Told {
  readonly section: ReportSection;
  /** For the overview: unit, time, least, mean and greatest value. */
  readonly row: readonly (string | number | null)[];
}

async function variableSection(
  dataset: Dataset,
  variable: Variable,
  options: ClimateReportOptions & { readonly where: string },
): Promise<Told> {
  const { maxBytes, signal, where } = options;
  const how = { maxBytes, signal };
  const dims = fieldDims(dataset, variable);
  const axis = await timeOf(dataset, dims.time, signal);
  const { count, missing, min, max, mean } = await summarise(variable, {}, { signal });
  const period = axis && axis.length > 0 ? spanText(axis, 0, axis.length) : null;
  const unit = unitText(variable) ?? "1";
  const facts = [
    variableText(dataset, variable),
    ...(axis && period ? [`Time: ${period}, calendar ${axis.time.calendar}.`] : []),
    ...(missing > 0 ? [`${missing} of ${count + missing} values are missing.`] : []),
  ];
  const title = `${variable.name}: ${titleOf(variable)}${unit === "1" ? "" : ` [${unit}]`}${where}`;
  const row = [unit, period, number(min), number(mean), number(max)];
  if (count === 0) {
    return { section: { title, text: [...facts, "No value is there to draw."].join(" "), items: [] }, row };
  }
  const items: ReportSection["items"][number][] = [];
  const notes = new Set<string>();
  if (isReturnLevelOfPlaces(dataset, variable)) {
    items.push(...(await returnLevelItems(dataset, variable, how)));
  } else {
    const { fields, left } = await fieldsOf(dataset, variable, { most: MOST_PARTS, signal });
    if (left !== undefined) notes.add(left);
    for (const field of fields) {
      const made = await fieldItems(field, axis, how);
      items.push(...made.items);
      for (const note of made.notes) notes.add(note);
    }
    const isFlat = !axis || axis.length === 1;
    if (isFlat && (dims.grid || dims.plane)) items.push(await cellsTable(titleOf(variable), fields, how));
  }
  return { section: { title, text: [...facts, ...notes].join(" "), items }, row };
}

async function fieldItems(
  field: Field,
  axis: Awaited<ReturnType<typeof timeOf>>,
  how: { readonly maxBytes?: number | undefined; readonly signal?: AbortSignal | undefined },
): Promise<{ readonly items: ReportSection["items"]; readonly notes: readonly string[] }> {
  if (!field.dims.grid && !field.dims.plane) return { items: await placeItems(field, axis, how), notes: [] };
  const { maps, notes } = await mapItems(field, axis, how);
  const figure = axis && (await seriesFigure(field, axis, how));
  return { items: [...maps, ...(figure ? [figure] : [])], notes };
}

async function cellsTable(
  title: string,
  fields: readonly Field[],
  how: { readonly maxBytes?: number | undefined; readonly signal?: AbortSignal | undefined },
): Promise<Table> {
  const values: [number | null, number | null, number | null][] = [];
  for (const field of fields) {
    const { min, max } = await summarise(field.variable, {}, { signal: how.signal });
    const area = await areaSeries(field, how);
    const [mean = Number.NaN] = area ? (await area.variable.read({}, { signal: how.signal })).toFloat64() : [];
    values.push([number(min), Number.isFinite(mean) ? mean : null, number(max)]);
  }
  return partsTable(title, fields, values);
}

function number(value: number | bigint | null): number | null {
  return value === null ? null : Number(value);
}

function overview(rows: Table["rows"], withFiles: boolean): ReportSection {
  return {
    title: "Overview",
    items: [
      {
        kind: "table",
        caption: "Variables; mean is that of all values, each alike",
        columns: [
          { name: "variable" },
          { name: "what" },
          ...(withFiles ? [{ name: "file" }] : []),
          { name: "unit" },
          { name: "time" },
          { name: "least" },
          { name: "mean" },
          { name: "greatest" },
        ],
        rows,
      },
    ],
  };
}

const TOLD_OF_FILES = ["title", "institution", "source", "experiment_id", "model_id", "Conventions", "history"];

function provenanceOf(inputs: readonly ClimateReportInput[]): Readonly<Record<string, string>> {
  const facts: [string, string][] = [];
  for (const { name, dataset, facts: given = {} } of inputs) {
    const of = inputs.length > 1 ? `${name}: ` : "";
    if (inputs.length === 1) facts.push(["file", name]);
    for (const [key, text] of Object.entries(given)) facts.push([`${of}${key}`, text]);
    for (const key of TOLD_OF_FILES) {
      const value = dataset.attributes[key];
      if (typeof value === "string" && value.trim() !== "") facts.push([`${of}${key}`, shortened(value)]);
    }
  }
  return Object.fromEntries(facts);
}

function shortened(text: string): string {
  const oneLine = text.trim().replace(/\s*\n\s*/g, "; ");
  return oneLine.length > 600 ? `${oneLine.slice(0, 600)}…` : oneLine;
}
