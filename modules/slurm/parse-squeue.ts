import type { ElementStatus } from "../../core/index.ts";
import { parseArrayIndices } from "./array-indices.ts";
import { type FixedWidthFields, formatOf, readFixedWidth } from "./fixed-width.ts";
import { meaningOf, meaningOfEnd } from "./native-states.ts";

/** What a row says of elements of one array. */
export interface ElementRow {
  /** Id of the array. */
  readonly id: string;
  readonly jobName: string;
  /** Where it was asked for, and kept. */
  readonly comment?: string;
  /** `undefined`: those of the array of which no other row speaks. */
  readonly elements: readonly number[] | undefined;
  readonly status: Omit<ElementStatus, "element">;
}

const FIELDS: FixedWidthFields = [
  ["ArrayJobID", 14],
  ["ArrayTaskID", 14],
  ["State", 20],
  ["exit_code", 12],
  ["RestartCnt", 12],
  ["Reason", 64],
  ["NodeList", 64],
  ["Name", 48],
];
const COMMENT_FIELDS: FixedWidthFields = [
  ["ArrayJobID", 14],
  ["ArrayTaskID", 14],
  ["Comment", 160],
];
const EVERYTHING = ["--noheader", "--array", "--all", "--states=all"];

/** How squeue is asked for elements: {@link parseSqueue} reads what comes. */
export const SQUEUE_PARAMETERS: readonly string[] = [...EVERYTHING, formatOf(FIELDS)];

/** How squeue is asked for arrays: {@link parseComments} reads what comes. */
export const COMMENT_PARAMETERS: readonly string[] = [...EVERYTHING, formatOf(COMMENT_FIELDS)];

/** An array that was found by its name. */
export interface FoundArray {
  readonly id: string;
  readonly comment: string;
  readonly elements: readonly number[] | undefined;
}

/** Rows of squeue with the comments of arrays. */
export function parseComments(stdout: string): readonly FoundArray[] {
  return stdout.split("\n").flatMap((line) => {
    const [id = "", task = "", comment = ""] = readFixedWidth(line, COMMENT_FIELDS);
    return /^\d+$/.test(id) ? [{ id, comment, elements: parseArrayIndices(task) }] : [];
  });
}

/** Rows of squeue. A line that is none of an array is passed over. */
export function parseSqueue(stdout: string): readonly ElementRow[] {
  return stdout.split("\n").flatMap((line) => {
    const row = parseRow(line);
    return row === undefined ? [] : [row];
  });
}

function parseRow(line: string): ElementRow | undefined {
  const fields = readFixedWidth(line, FIELDS);
  const [id = "", task = "", native = "", exit = "", restarts = "", reason = "", node = "", jobName = ""] = fields;
  if (!/^\d+$/.test(id) || native === "") return undefined;
  const elements = parseArrayIndices(task);
  // Waiting elements of a canceled array have no indices any more. Anything else without is not understood.
  if (elements === undefined && (task !== "N/A" || native !== "CANCELLED")) return undefined;
  const meaning = meaningOf(native, Number(restarts) || 0);
  const ended = meaning.state === "failed" || meaning.state === "succeeded";
  const exitCode = ended ? exitCodeOfWait(Number(exit)) : undefined;
  return {
    id,
    jobName,
    elements,
    status: {
      native,
      ...(reason !== "" && reason !== "None" && { reason }),
      ...meaningOfEnd(meaning, exitCode),
      ...(exitCode !== undefined && { exitCode }),
      ...(node !== "" && { node }),
    },
  };
}

/** Exit code in a status of wait(2); 128 and the number of the signal that ended it, as shells say it. */
function exitCodeOfWait(status: number): number | undefined {
  if (!Number.isSafeInteger(status) || status < 0) return undefined;
  const signal = status & 0x7f;
  return signal === 0 ? (status >> 8) & 0xff : 128 + signal;
}
