import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { relativeAttempt } from "../../../../core/batch/batch-paths.ts";
import { type BatchDocument, BatchFolder, type Connector, digestJson, type JsonValue } from "../../../../core/index.ts";
import { fileRecord } from "../../../../core/run/file-record.ts";
import { type FileRecord, type RunRecord, sealRunRecord, writeRunRecord } from "../../../../core/run/run-record.ts";

/** What the attempt of a run made. */
export interface MadeRun {
  readonly stage: string;
  readonly run: number;
  readonly parameters: JsonValue;
  /** Folder of the attempt, which is there. */
  readonly folder: string;
}

/** How {@link makeRun} makes a run. */
export interface MakeOptions {
  readonly connectors: readonly Connector[];
  /** Of the submission; 32 digits. */
  readonly token?: string;
  readonly restart?: number;
  readonly result?: JsonValue;
  /** When it started; how it is made must not matter to its content. */
  readonly startedAt?: string;
  readonly state?: "succeeded" | "failed";
  readonly isAccepted?: boolean;
  /** Writes its outputs. @returns Files by output, in the folder. */
  write?(run: MadeRun): Promise<Readonly<Record<string, string>>>;
}

export const VERSION = digestJson("a version");
export const TOKEN = "0123456789abcdef0123456789abcdef";

/** A batch of one task; a plan where it has more stages. */
export function documentOf(points: BatchDocument["points"], stages: readonly string[] = ["simulate"]): BatchDocument {
  return {
    schemaVersion: 1,
    name: "scan",
    kind: stages.length > 1 ? "plan" : "task",
    twin: { name: "ecal", version: VERSION },
    seed: null,
    swept: Object.keys(points[0] ?? {}),
    points,
    stages: stages.map((name) => ({ name, task: "simulate", parameters: { events: 10 }, inputs: {} })),
  };
}

/** A folder that is removed at the end of the test. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "twinloom-collect-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Leaves a run as an element does: its attempt with the record, accepted. @returns The attempt, relative to the batch. */
export async function makeRun(
  batch: BatchFolder,
  id: { readonly stage: string; readonly run: number },
  options: MakeOptions,
): Promise<string> {
  const {
    connectors,
    token = TOKEN,
    restart = 0,
    state = "succeeded",
    startedAt = "2026-11-22T10:00:00.000Z",
  } = options;
  const attempt = relativeAttempt(id, { token, restart });
  const folder = join(batch.path, attempt);
  await mkdir(folder, { recursive: true });
  const parameters = batch.document.points[id.run] as JsonValue;
  const files = (await options.write?.({ ...id, parameters, folder })) ?? {};
  const outputs: Record<string, FileRecord> = {};
  for (const [name, file] of Object.entries(files)) {
    outputs[name] = await fileRecord({ path: join(folder, file), shown: file }, connectors, {});
  }
  const isDone = state === "succeeded";
  const record: RunRecord = sealRunRecord({
    schemaVersion: 1,
    id: "0190a0b0-0000-7000-8000-000000000000",
    state,
    twin: { name: "ecal", specDigest: digestJson({}), spec: {} },
    version: batch.document.twin.version,
    plan: { name: "simulate", steps: { simulate: { task: "simulate" } } },
    kind: "task",
    seed: null,
    steps: {
      simulate: {
        task: "simulate",
        state,
        parameters,
        inputs: {},
        outputs: isDone ? outputs : {},
        result: isDone ? (options.result ?? null) : null,
        ...(!isDone && { error: { code: null, name: "Error", message: "It did not converge." } }),
        startedAt,
        endedAt: startedAt,
        durationMs: 0,
      },
    },
    environment: {
      engine: "0.0.0",
      node: "24.0.0",
      lock: null,
      os: { platform: "linux", release: "6" },
      cpu: { architecture: "x64", model: "any", count: 1, endianness: "LE" },
      plugins: {},
    },
    startedAt,
    endedAt: startedAt,
    durationMs: 0,
  });
  await writeRunRecord(join(folder, "run.json"), record);
  if (isDone && options.isAccepted !== false) await batch.accept(id, attempt, record.digest);
  return attempt;
}

/** A batch of which each run has a result. */
export async function makeBatch(
  path: string,
  document: BatchDocument,
  options: MakeOptions & { readonly leaveOut?: readonly number[]; resultOf?(run: number): JsonValue },
): Promise<BatchFolder> {
  const batch = await BatchFolder.create(path, document);
  for (const { name } of document.stages) {
    for (const run of document.points.keys()) {
      if (options.leaveOut?.includes(run)) continue;
      const result = options.resultOf?.(run);
      await makeRun(batch, { stage: name, run }, { ...options, ...(result !== undefined && { result }) });
    }
  }
  return batch;
}
