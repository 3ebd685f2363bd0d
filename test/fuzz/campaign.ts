import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Case, writeCase } from "./cases.ts";
import { type Finding, judge } from "./judge.ts";
import { ReaderProcess } from "./reader-process.ts";
import type { Seed } from "./seeds.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The reference readers' interpreter; made by scripts/python-venv.sh. */
const PYTHON = here("../../.venv/bin/python");

/** What a file may cost: the bar of the project. */
export const LIMITS = { ms: 5000, megabytes: 500 } as const;

/** What became of a case. */
export interface CaseResult extends Case {
  readonly findings: readonly Finding[];
  readonly ms: number;
  readonly megabytes: number;
}

/** Reads damaged files in processes of their own, ours and the reference's, several beside each other. */
export async function* campaign(
  numbers: Iterable<number>,
  seeds: readonly Seed[],
  options: { readonly lanes: number },
): AsyncGenerator<CaseResult> {
  const queue = numbers[Symbol.iterator]();
  const lanes = Array.from({ length: options.lanes }, () => lane(queue, seeds));
  const pending = new Map(lanes.map((each) => [each, next(each)]));
  try {
    while (pending.size > 0) {
      const { each, result } = await Promise.race(pending.values());
      if (result.done) pending.delete(each);
      else {
        pending.set(each, next(each));
        yield result.value;
      }
    }
  } finally {
    for (const each of lanes) void each.return(undefined);
  }
}

async function next(
  each: AsyncGenerator<CaseResult>,
): Promise<{ readonly each: AsyncGenerator<CaseResult>; readonly result: IteratorResult<CaseResult> }> {
  return { each, result: await each.next() };
}

async function* lane(queue: Iterator<number>, seeds: readonly Seed[]): AsyncGenerator<CaseResult> {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-fuzz-"));
  const subject = new ReaderProcess([process.execPath, "--conditions=@twinloom/source", here("subject.ts")], {
    limitMs: LIMITS.ms,
    restartAfter: 300,
  });
  // The reference may take longer: it is not judged.
  const peer = existsSync(PYTHON)
    ? new ReaderProcess([PYTHON, here("peer.py")], { limitMs: 4 * LIMITS.ms, restartAfter: 1000 })
    : undefined;
  try {
    for (let item = queue.next(); !item.done; item = queue.next()) {
      const damagedCase = writeCase(item.value, seeds, folder);
      const { format, location } = damagedCase;
      const [ours, theirs] = await Promise.all([subject.read(format, location), peer?.read(format, location)]);
      const findings = [...judge(ours.outcome, theirs?.outcome)];
      if (ours.megabytes > LIMITS.megabytes) {
        findings.push({ verdict: "FAULT", ours: `${Math.round(ours.megabytes)} MB of memory` });
      }
      yield { ...damagedCase, findings, ms: ours.ms, megabytes: ours.megabytes };
    }
  } finally {
    subject.stop();
    peer?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
