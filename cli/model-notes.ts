import { readFile } from "node:fs/promises";

/** Where an ONNX file describes itself as a generator of events. */
const GENERATOR_KEY = "twinloom.generator";

type Cells = readonly (string | number | null)[];

/** What a file says about itself as a generator, in rows for people; or why that cannot be read. */
export interface GeneratorNotes {
  readonly key: string;
  readonly problem?: string;
  readonly name: string;
  /** Name, unit, ends of the range. */
  readonly conditions: readonly Cells[];
  /** Kind, and numbers per event. */
  readonly noise: readonly Cells[];
  /** Name, dimensions, shape, unit. */
  readonly outputs: readonly Cells[];
  readonly facts: readonly (readonly [string, string])[];
  /** As it stands in the file. */
  readonly description?: unknown;
}

/** Reads the description of a generator; `undefined` where there is none. Shows what is there, and checks nothing else. */
export function generatorNotes(metadata: Readonly<Record<string, string>>): GeneratorNotes | undefined {
  if (!Object.hasOwn(metadata, GENERATOR_KEY)) return undefined;
  const none = { key: GENERATOR_KEY, name: "", conditions: [], noise: [], outputs: [], facts: [] };
  let description: unknown;
  try {
    description = jsonOf(metadata[GENERATOR_KEY] as string);
  } catch (error) {
    return { ...none, problem: `its "${GENERATOR_KEY}" is no JSON: ${(error as Error).message}.` };
  }
  const { name, conditions, inputs, outputs, facts } = recordOf(description);
  return {
    key: GENERATOR_KEY,
    name: textOf(name) ?? "",
    conditions: entriesOf(conditions).map(([each, value]) => {
      const { unit, min, max } = recordOf(value);
      return [each, textOf(unit), numberOf(min), numberOf(max)];
    }),
    noise: noiseOf(inputs),
    outputs: entriesOf(outputs).map(([each, value]) => {
      const { dims, shape, unit } = recordOf(value);
      return [each, listOf(dims).join(", "), listOf(shape).join(" × "), textOf(unit)];
    }),
    facts: entriesOf(facts).map(([key, value]) => [key, shown(value)] as const),
    description,
  };
}

/** A model's card: what was measured of it. */
export interface ModelCard {
  readonly file: string;
  readonly problem?: string;
  /** Whether it is about these very bytes. */
  readonly matches: boolean;
  readonly facts: readonly (readonly [string, string])[];
  /** What was measured, its value, and what the reference against itself gives. */
  readonly metrics: readonly Cells[];
  /** As it stands in the file. */
  readonly content?: unknown;
}

/** Facts of a card that are shown, in this order. */
const CARD_FACTS = ["name", "family", "description", "reference", "seed", "validity", "made"];

/** The card beside a model, `X.card.json` beside `X.onnx`; `undefined` where there is none. */
export async function readCard(location: string, digest: string): Promise<ModelCard | undefined> {
  const file = location.replace(/(\.onnx)?$/i, ".card.json");
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch {
    return undefined;
  }
  const none = { file, matches: false, facts: [], metrics: [] };
  let content: unknown;
  try {
    content = jsonOf(text);
  } catch (error) {
    return { ...none, problem: `it is no JSON: ${(error as Error).message}.` };
  }
  const card = recordOf(content);
  const stated = textOf(recordOf(card["model"])["sha256"]) ?? "";
  const matches = stated.replace(/^sha256:/, "") === digest.replace(/^sha256:/, "");
  const problem = `it is about another file (sha256:${stated.replace(/^sha256:/, "")}); what it says is not shown.`;
  if (!matches) return { ...none, problem, content };
  const facts = CARD_FACTS.filter((key) => card[key] !== undefined).map((key) => [key, shown(card[key])] as const);
  return { file, matches, facts, metrics: listOf(card["metrics"]).flatMap(metricRows), content };
}

function metricRows(entry: unknown): readonly Cells[] {
  const { classifiers, distances, distances_floor } = recordOf(entry);
  const floors = recordOf(distances_floor);
  return [
    ...listOf(classifiers).map((value): Cells => {
      const { judge, features, auc, auc_floor } = recordOf(value);
      return [`AUC ${shown(judge)}, ${shown(features)}`, numberOf(recordOf(auc)["mean"]), numberOf(auc_floor)];
    }),
    ...entriesOf(distances)
      .filter(([, value]) => typeof value === "number")
      .map(([name, value]): Cells => [name, numberOf(value), numberOf(floors[name])]),
  ];
}

/** Numbers drawn for one event, by kind. */
function noiseOf(inputs: unknown): readonly Cells[] {
  const totals = new Map<string, number>();
  const segments = entriesOf(inputs).flatMap(([, value]) => listOf(value));
  for (const { noise, length } of segments.map(recordOf)) {
    const kind = textOf(noise);
    if (kind !== null) totals.set(kind, (totals.get(kind) ?? 0) + (numberOf(length) ?? 0));
  }
  return [...totals];
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function entriesOf(value: unknown): readonly [string, unknown][] {
  return Object.entries(recordOf(value));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

/** @throws what `JSON.parse` throws, also for what is nested too deeply to be written again. */
function jsonOf(text: string): unknown {
  const value: unknown = JSON.parse(text);
  JSON.stringify(value);
  return value;
}

const LONGEST = 200;

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
