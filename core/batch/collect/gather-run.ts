import type { JsonValue } from "../../canonical/json-value.ts";
import type { DatasetPart } from "../../data/federate/part.ts";

/** One run whose results are gathered. */
export interface GatherRun {
  /** Index of its point. */
  readonly run: number;
  /** How it is: `"succeeded"`, `"failed"`, … */
  readonly state: string;
  /** Values of the swept parameters. */
  readonly parameters: Readonly<Record<string, JsonValue>>;
  /** What its task returned; absent where it did not succeed. */
  readonly result?: JsonValue | undefined;
  /** Opens its file; absent where it has none: then its values are missing. */
  readonly open?: DatasetPart["open"] | undefined;
}
