import { type Digest, digestBytes, type FileRecord, type RunRecord, type StepRecord } from "../../../../core/index.ts";
import { sealRunRecord } from "../../../../core/run/run-record.ts";

/** What a made-up run is made of; the rest is the same for all. */
export interface SampleRun {
  readonly state?: RunRecord["state"];
  readonly version?: Digest;
  readonly input?: string;
  readonly seed?: number;
  readonly model?: string | null;
  readonly use?: string;
  readonly pluginVersion?: string;
  readonly node?: string;
  readonly cpu?: string;
  /** Bytes and content by output of the step "simulate", as texts; content `null` where nothing reads it. */
  readonly outputs?: Readonly<Record<string, readonly [bytes: string, content: string | null]>>;
  readonly result?: number | null;
}

/** A run of two steps, "simulate" and "report", sealed. */
export function sampleRun(made: SampleRun = {}): RunRecord {
  const { state = "succeeded", input = "energies", seed = 7, model = "gan", use = "twinloom/modules/onnx" } = made;
  const outputs = made.outputs ?? { showers: ["bytes", "content"] };
  const files = Object.entries(outputs).map(([name, [bytes, content]]) => [
    name,
    file(`simulate/${name}.h5`, bytes, content),
  ]);
  const simulate: StepRecord = {
    ...step("simulate", state === "succeeded" ? "succeeded" : state),
    parameters: { seed },
    inputs: { energies: file("energies.h5", input, input) },
    outputs: state === "succeeded" ? (Object.fromEntries(files) as Record<string, FileRecord>) : {},
    result: state === "succeeded" && made.result !== null ? { count: made.result ?? 200 } : null,
    ...(state === "failed" && { error: { code: "TWIN_X", name: "Error", message: "it broke" } }),
  };
  const spec = { plugins: { shower: { use, options: { file: { artifact: { path: `${model}.onnx` } } } } } };
  return sealRunRecord({
    schemaVersion: 1,
    id: "01993d3e-0000-7000-8000-000000000000",
    state,
    twin: { name: "sample", specDigest: digestBytes(JSON.stringify(spec)), spec },
    ...(made.version !== undefined && { version: made.version }),
    plan: {
      name: "first",
      steps: {
        simulate: { task: "simulate", parameters: { seed }, inputs: { energies: { file: "energies.h5" } } },
        report: { task: "report", parameters: {}, inputs: { document: "simulate.showers" } },
      },
    },
    kind: "plan",
    seed: String(seed),
    steps: { simulate, report: step("report", state === "succeeded" ? "succeeded" : "skipped") },
    environment: {
      engine: "0.1.0",
      node: made.node ?? "v24.0.0",
      lock: { file: "package-lock.json", digest: digestBytes("lock") },
      os: { platform: "linux", release: "6.1" },
      cpu: { architecture: "x64", model: made.cpu ?? "a processor", count: 2, endianness: "LE" },
      plugins: { shower: { plugin: "twinloom/modules/onnx", version: made.pluginVersion ?? "0.1.0" } },
      models: { shower: { name: "shower", digest: model === null ? null : digestBytes(model) } },
    },
    startedAt: "2026-11-21T18:00:00.000Z",
    endedAt: "2026-11-21T18:00:01.000Z",
    durationMs: 1000,
  });
}

function step(task: string, state: StepRecord["state"]): StepRecord {
  const times = { startedAt: null, endedAt: null, durationMs: null };
  return { task, state, parameters: {}, inputs: {}, outputs: {}, result: null, ...times };
}

function file(path: string, bytes: string, content: string | null): FileRecord {
  return {
    path,
    bytes: bytes.length,
    fileDigest: digestBytes(bytes),
    contentDigest: content === null ? null : digestBytes(`content of ${content}`),
  };
}
