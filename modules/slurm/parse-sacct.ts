import { parseArrayIndices } from "./array-indices.ts";
import { meaningOf, meaningOfEnd } from "./native-states.ts";
import type { ElementRow } from "./parse-squeue.ts";

/** How sacct is asked: {@link parseSacct} reads what comes. */
export const SACCT_PARAMETERS: readonly string[] = [
  "--noheader",
  "--parsable2",
  "--allocations",
  // Every run of an element that was requeued: which one is the last is decided here.
  "--duplicates",
  "--format=JobID,State,ExitCode,NodeList,Submit,Start,JobName,Comment",
];

/**
 * Rows of sacct, of each element the last one: an element that was requeued has several. Steps (`12_3.batch`) and lines that
 * are none of an array are passed over.
 */
export function parseSacct(stdout: string): readonly ElementRow[] {
  const latest = new Map<string, { readonly row: ElementRow; readonly when: string }>();
  for (const line of stdout.split("\n")) {
    const found = parseRow(line);
    if (found === undefined) continue;
    const before = latest.get(found.key);
    if (before === undefined || before.when <= found.when) latest.set(found.key, found);
  }
  return [...latest.values()].map(({ row }) => row);
}

function parseRow(line: string): { key: string; row: ElementRow; when: string } | undefined {
  const [job = "", native = "", exit = "", node = "", submit = "", start = "", jobName = "", ...comment] =
    line.split("|");
  const [, id, task] = /^(\d+)_([^.]+)$/.exec(job) ?? [];
  const elements = task === undefined ? undefined : parseArrayIndices(task);
  if (id === undefined || elements === undefined) return undefined;
  const meaning = meaningOf(native);
  const ended = meaning.state === "failed" || meaning.state === "succeeded";
  const exitCode = ended ? exitCodeOf(exit) : undefined;
  return {
    key: job,
    // "Unknown" (not started yet) comes after every date, as it should.
    when: `${submit} ${start}`,
    row: {
      id,
      jobName,
      comment: comment.join("|"),
      elements,
      status: {
        ...meaningOfEnd(meaning, exitCode),
        native,
        ...(exitCode !== undefined && { exitCode }),
        ...(node !== "" && node !== "None assigned" && { node }),
      },
    },
  };
}

/** `"3:0"`: exit code, and the signal that ended it. */
function exitCodeOf(text: string): number | undefined {
  const [, code, signal] = /^(\d+):(\d+)$/.exec(text) ?? [];
  if (code === undefined) return undefined;
  return Number(signal) === 0 ? Number(code) : 128 + Number(signal);
}
