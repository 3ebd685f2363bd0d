import { readFile, stat } from "node:fs/promises";
import { extname } from "node:path";
import type { JsonValue } from "../../canonical/json-value.ts";
import type { Connector } from "../../contracts/connector.ts";
import { recognise } from "../../files/open-dataset.ts";
import type { Closeness } from "./closeness.ts";
import { compareDatasets } from "./compare-datasets.ts";
import { compareJson } from "./compare-json.ts";

/** Larger JSON is not held twice in memory, with everything in it as an object [bytes]. */
const MOST_JSON_BYTES = 64e6;

/** Where the outputs of two runs are, and who can read them. */
export interface RunFiles {
  /** Folder of the original run. */
  readonly original: string;
  /** Folder of the repeat. */
  readonly repeat: string;
  /** Those of the twin: `resolveNeeds(twin, { connectors: many(Connector) }).connectors`. */
  readonly connectors: readonly Connector[];
}

/**
 * Compares the contents of two files.
 *
 * @returns Whether both could be read here; if not, only their bytes can be compared.
 * @throws What the connector throws for a damaged file.
 */
export async function compareFiles(
  [a, b]: readonly [string, string],
  connectors: readonly Connector[],
  closeness: Closeness,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<boolean> {
  const connector = await recognise(a, connectors, options);
  if (connector !== undefined) {
    if ((await recognise(b, connectors, options)) !== connector) return false;
    await using left = await connector.open(a, options);
    await using right = await connector.open(b, options);
    await compareDatasets(left, right, closeness, options);
    return true;
  }
  if (extname(a).toLowerCase() !== ".json") return false;
  const sizes = await Promise.all([stat(a), stat(b)]);
  if (sizes.some(({ size }) => size > MOST_JSON_BYTES)) {
    closeness.differ(
      `The contents differ; JSON of more than ${MOST_JSON_BYTES / 1e6} MB is not compared value by value.`,
    );
    return true;
  }
  const [ours, theirs] = [await jsonOf(a), await jsonOf(b)];
  if (ours === undefined || theirs === undefined) return false;
  compareJson(ours, theirs, closeness);
  return true;
}

async function jsonOf(path: string): Promise<JsonValue | undefined> {
  const text = await readFile(path, "utf8");
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}
