// The parts of an element of a batch, one after the other, and how long each takes [ms]; no Slurm.
// Usage: node batch-element.ts <folder of the batch> <token> <element>, without the condition of sources: as it is installed.
import { performance } from "node:perf_hooks";

/** What it prints, in milliseconds. */
export interface ElementPhases {
  /** Until the first line of a program runs. */
  readonly start: number;
  readonly import: number;
  /** Reads and checks `batch.json` and the submission, and leaves a witness. */
  readonly openBatch: number;
  /** Of the store of the batch; every file is checked. */
  readonly openTwin: number;
  /** Per task run: the task with its folder, outputs by digest, and record, durable. */
  readonly run: number;
  /** Per task run, durable. */
  readonly accept: number;
}

const start = performance.now();
const { BatchFolder, openTwin, parametersOf, relativeAttempt, runTask } = await import("twinloom");
const imported = performance.now();
const [path = "", token = "", element = ""] = process.argv.slice(2);
const batch = await BatchFolder.open(path);
const { stage, elements } = await batch.readSubmission(token);
await batch.claimElement(token, Number(element), { job: "bench", restart: 0 });
const opened = performance.now();
const twin = await openTwin(batch.document.twin.version, { store: batch.paths.store });
const runs = elements[Number(element)] as readonly number[];
const begun = performance.now();
let accepting = 0;
for (const run of runs) {
  const id = { stage, run };
  const attempt = { token, restart: 0 };
  const out = batch.paths.attempt(id, attempt);
  const { digest } = await runTask(twin, batch.stage(stage).task, {
    out,
    parameters: parametersOf(batch.document, id),
  });
  const before = performance.now();
  await batch.accept(id, relativeAttempt(id, attempt), digest);
  accepting += performance.now() - before;
}
const ended = performance.now();
await twin.stop();
const phases: ElementPhases = {
  start,
  import: imported - start,
  openBatch: opened - imported,
  openTwin: begun - opened,
  run: (ended - begun - accepting) / runs.length,
  accept: accepting / runs.length,
};
process.stdout.write(JSON.stringify(phases));
