import type { FederatedDataset, FederatedPart } from "../core/index.ts";
import type { CommandIo } from "./command.ts";

/** Parts shown at either end of a long list. */
const SHOWN = 8;
/** Lines of each kind of news. */
const MOST_NEWS = 10;

/** Prints of what a dataset is made, and what a reader of it should know. */
export async function printFederation(dataset: FederatedDataset, io: CommandIo): Promise<void> {
  const { formatTable } = await import("./table.ts");
  const { parts, report } = dataset;
  const show = await shower(dataset);
  io.print(`\n${io.style.bold("parts")}`);
  const row = ({ name, state, facts }: FederatedPart): readonly (string | number | null)[] => {
    const { extent } = facts ?? {};
    return [
      name,
      state,
      facts?.format ?? null,
      extent ? show(extent.from) : null,
      extent ? show(extent.to) : null,
      extent?.count ?? null,
    ];
  };
  const columns = ["name", "state", "format", "from", "to", "count"].map((name) => ({ name }));
  const isLong = parts.length > 2 * SHOWN + 1;
  const shown = isLong ? [...parts.slice(0, SHOWN), ...parts.slice(-SHOWN)] : parts;
  const rows = shown.map(row);
  if (isLong) rows.splice(SHOWN, 0, [`… (${parts.length} in all)`, "", "", "", "", null]);
  io.print(formatTable({ columns, rows }));
  const news = [
    ...limited(
      report.gaps,
      ({ after, before, parts: [a, b] }) => `gap: nothing between ${show(after)} (${a}) and ${show(before)} (${b})`,
    ),
    ...limited(
      report.overlaps,
      ({ parts: [a, b], from, to, count, kept }) =>
        `overlap: ${a} and ${b} both have ${count} values, ${show(from)} to ${show(to)}; those of ${kept} are kept`,
    ),
    ...limited(report.missing, ({ part, variable }) => `missing: ${part} has no ${variable}`),
    ...limited(grouped(report.converted), (text) => `converted: ${text}`),
    ...limited(report.renamed, ({ part, from, to }) => `renamed: ${from} of ${part} is ${to}`),
    ...limited(
      report.unmatched,
      ({ part, dimension, count }) => `left out: ${count} values of ${dimension} in ${part}`,
    ),
    ...limited(
      report.duplicates,
      ({ part, variable, shownFrom }) => `twice: ${variable} of ${part} is shown from ${shownFrom}`,
    ),
  ];
  if (news.length > 0) io.print(`\n${news.join("\n")}`);
  for (const { name, error } of parts) if (error) io.warn(`${name} is not available: ${error.message}`);
}

/** The same conversion in many parts is told once. */
function grouped(converted: FederatedDataset["report"]["converted"]): readonly string[] {
  const parts = new Map<string, string[]>();
  for (const { part, variable, from, to } of converted) {
    const text = `${variable} from ${from} to ${to}`;
    parts.set(text, [...(parts.get(text) ?? []), part]);
  }
  return [...parts].map(([text, names]) => `${text} in ${names.length === 1 ? names[0] : `${names.length} parts`}`);
}

function limited<T>(items: readonly T[], text: (item: T) => string): readonly string[] {
  const shown = items.slice(0, MOST_NEWS).map(text);
  return items.length > MOST_NEWS ? [...shown, `… (${items.length} in all)`] : shown;
}

/** Spells values of the coordinate along which the parts follow each other. */
async function shower(dataset: FederatedDataset): Promise<(value: number) => string> {
  const { isTimeUnit } = await import("../core/index.ts");
  const { spellCoordinate } = await import("./spell-coordinate.ts");
  const variables = Object.values(dataset.variables);
  return await spellCoordinate(
    variables.find(({ name, dims, unit }) => dims.length === 1 && dims[0] === name && isTimeUnit(unit)),
  );
}
