import { readFile } from "node:fs/promises";

/** Where the card of a model lies, if it has one: `showers.card.json` beside `showers.onnx`. */
export function cardBeside(model: string): string {
  return model.replace(/(?:\.onnx)?$/i, ".card.json");
}

/** The {@link namedNumbers} of a card's `metrics`. @throws Error when the card is no JSON. */
export async function cardMetrics(card: string): Promise<Readonly<Record<string, number>>> {
  const { metrics } = (JSON.parse(await readFile(card, "utf8")) ?? {}) as { readonly metrics?: unknown };
  return namedNumbers(metrics);
}

/**
 * The numbers in a JSON value, each under the names that lead to it: `distances.fpd.full`. Of a list, items are told apart
 * by their own short texts (`classifiers.trees.high.auc.mean`), else by their place. Lists of numbers, and of several rows of
 * numbers without a text of their own, are curves and tables, no metrics: they are left out.
 */
export function namedNumbers(value: unknown): Readonly<Record<string, number>> {
  const found = new Map<string, number>();
  collect(value, [], found);
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function collect(value: unknown, path: readonly string[], found: Map<string, number>): void {
  if (typeof value === "number" && Number.isFinite(value) && path.length > 0) found.set(path.join("."), value);
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) {
    for (const [name, member] of Object.entries(value)) collect(member, [...path, name], found);
    return;
  }
  const items = value.filter((item) => typeof item === "object" && item !== null && !Array.isArray(item)) as object[];
  const labels = items.map(labelOf);
  for (const [index, item] of items.entries()) {
    const label = labels[index] as string;
    if (items.length > 1 && label === "" && isFlat(item)) continue;
    const isClear = label !== "" && labels.indexOf(label) === labels.lastIndexOf(label);
    collect(item, items.length === 1 ? path : [...path, isClear ? label : String(index)], found);
  }
}

function isFlat(item: object): boolean {
  return Object.values(item).every((member) => typeof member !== "object" || member === null);
}

function labelOf(item: object): string {
  // Longer texts are descriptions or digests, no names.
  const names = Object.values(item).filter((text) => typeof text === "string" && text !== "" && text.length <= 32);
  return names.join(".").replaceAll(/\s+/g, "_");
}
