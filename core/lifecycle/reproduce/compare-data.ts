import type { SourceAccess } from "../../data/access/access-log.ts";
import { ownValue } from "../../kernel/check-part.ts";
import type { FileRecord, RunRecord } from "../../run/run-record.ts";
import { namesOfBoth } from "../names-of-both.ts";
import { layer } from "./layer.ts";
import type { Difference, LayerComparison } from "./report.ts";

/** Compares the files that the steps of two runs were given from outside, and what their tasks read beside them. */
export function compareData(original: RunRecord, repeat: RunRecord): LayerComparison {
  const different: Difference[] = [];
  const unknown: Difference[] = [];
  for (const step of namesOfBoth(original.steps, repeat.steps)) {
    const [a, b] = [filesOf(original, step), filesOf(repeat, step)];
    for (const input of namesOfBoth(a, b)) {
      const what = `input "${input}" of "${step}"`;
      const [one, other] = [ownValue(a, input), ownValue(b, input)];
      const difference = { what, original: digestOf(one), repeat: digestOf(other) };
      // A step that did not run has not looked at its files.
      if (one === "not read" || other === "not read") unknown.push(difference);
      else if (one === undefined || other === undefined || !isSameContent(one, other)) different.push(difference);
    }
    compareReads(step, [original, repeat], unknown, different);
  }
  return layer(different, unknown);
}

/** Whether two files have the same bytes, or at least say the same. */
export function isSameContent(a: FileRecord, b: FileRecord): boolean {
  return a.fileDigest === b.fileDigest || (a.contentDigest !== null && a.contentDigest === b.contentDigest);
}

type GivenFile = FileRecord | "not read";

/** The inputs of a step that are no outputs of another. */
function filesOf({ plan, steps }: RunRecord, step: string): Readonly<Record<string, GivenFile>> {
  const files = Object.entries(ownValue(plan.steps, step)?.inputs ?? {}).filter(([, from]) => typeof from !== "string");
  return Object.fromEntries(
    files.map(([input]) => [input, ownValue(ownValue(steps, step)?.inputs, input) ?? "not read"]),
  );
}

function digestOf(file: GivenFile | undefined): string | null {
  return file === undefined || file === "not read" ? null : file.fileDigest;
}

/** What is no file is known by what its server calls its version: another one may still be the same content. */
function compareReads(
  step: string,
  [original, repeat]: readonly [RunRecord, RunRecord],
  unknown: Difference[],
  different: Difference[],
): void {
  const [a, b] = [sourcesOf(original, step), sourcesOf(repeat, step)];
  for (const location of namesOfBoth(a, b)) {
    const [one, other] = [ownValue(a, location), ownValue(b, location)];
    const difference = {
      what: `"${location}", read by "${step}"`,
      original: one === undefined ? null : (one.digest ?? one.version),
      repeat: other === undefined ? null : (other.digest ?? other.version),
    };
    const haveDigests = one?.digest !== undefined && other?.digest !== undefined;
    const isSame = haveDigests
      ? one.digest === other.digest
      : one !== undefined && other !== undefined && one.version !== null && one.version === other.version;
    if (!isSame) (haveDigests ? different : unknown).push(difference);
  }
}

function sourcesOf({ steps }: RunRecord, step: string): Readonly<Record<string, SourceAccess>> {
  return Object.fromEntries((ownValue(steps, step)?.reads?.sources ?? []).map((source) => [source.location, source]));
}
