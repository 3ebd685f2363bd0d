import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson } from "../../canonical/canonical-json.ts";
import { Connector } from "../../contracts/connector.ts";
import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { WriteFailedError } from "../../files/errors.ts";
import { writeFileAtomically } from "../../files/write-atomically.ts";
import type { Composition } from "../../kernel/composition.ts";
import { createTwin } from "../../kernel/create-twin.ts";
import { many } from "../../kernel/plugin.ts";
import { compositionOf, resolveNeeds, type TwinControl } from "../../kernel/twin.ts";
import { RunFailedError, RunFolderExistsError } from "../../run/errors.ts";
import type { PlanDocument } from "../../run/plan-document.ts";
import { planFromDocument } from "../../run/plan-document.ts";
import { REPORT_FILE } from "../../run/run-folder.ts";
import { type RunOptions, runPlan, runTask } from "../../run/run-plan.ts";
import type { RunRecord } from "../../run/run-record.ts";
import { loadSpec } from "../../spec/load-spec.ts";
import { StoreNewerError } from "../errors.ts";
import type { Descriptor } from "../schema.ts";
import { openStore, type TwinStore } from "../store.ts";
import { openTwin } from "../version/open-twin.ts";
import { attestReproduction } from "./attest-reproduction.ts";
import { comparedRun, compareRuns } from "./compare-runs.ts";
import { findInputs } from "./find-inputs.ts";
import { type FoundRun, findRun } from "./find-run.ts";
import { layer } from "./layer.ts";
import type { Difference, LayerComparison, ReproductionReport } from "./report.ts";
import { checkToleranceNames, tolerancesOf } from "./tolerance-names.ts";
import { parseTolerances, type Tolerances } from "./tolerances.ts";

/** How {@link rerun} repeats a run. */
export interface RerunOptions extends Pick<RunOptions, "out" | "existing" | "signal" | "onProgress" | "concurrency"> {
  /** Where the version that ran is; its folder, or the open store. Evidence of the repeat is kept there. */
  readonly store?: TwinStore | string | undefined;
  /** A twin.yaml or a composition to run in place of the version: needed for a run that names none. */
  readonly twin?: Composition | string | undefined;
  /** Where input files are now, by `step.input`; by default where they were, or in the version. */
  readonly inputs?: Readonly<Record<string, string>> | undefined;
  /**
   * How far outputs may be apart; by default what the twin says (`tolerances` of its twin.yaml). A repeat that is equivalent
   * within others is no evidence about the version.
   */
  readonly tolerances?: Tolerances | undefined;
  /** Whether a withdrawn version is run. */
  readonly force?: boolean | undefined;
}

/** What {@link rerun} came to. */
export interface Rerun {
  /** Also `reproduction.json` in the new folder, where something ran. */
  readonly report: ReproductionReport;
  /** Of the repeat; `undefined` where nothing ran, as the inputs are not those of the original. */
  readonly record: RunRecord | undefined;
  /** Manifest of the attestation, where a store keeps the version. */
  readonly attestation: Descriptor | undefined;
  /** What somebody should know: that the report could not be kept as evidence. */
  readonly notes: readonly string[];
}

/**
 * Repeats a run in a new folder with the same plan, parameters, seed and inputs, and says whether the same came out. The
 * folder of the original, and whatever else there is, stays as it is.
 *
 * @param target - The folder of a run; or, with a store, the id of one, or a version, for its newest run.
 * @throws `TWIN_INVALID_ARGUMENT` for a run that names no version, without `twin`, or whose version is in no store given; `TWIN_INVALID_RULES` for tolerances;
 *   what {@link openTwin} and `loadSpec` throw; `TWIN_INVALID_PLAN` and `TWIN_RUN_FOLDER_EXISTS` before anything runs; the
 *   signal's reason. A repeat that fails is no error: its verdict is `failed`.
 *
 * @example
 * const { report } = await rerun("first", { out: "again", twin: "twin.yaml" });
 * report.verdict; // => "identical"
 */
export async function rerun(target: string, options: RerunOptions): Promise<Rerun> {
  const { store: where, tolerances } = options;
  // What is wrong with them is better told before the run than after it.
  if (tolerances !== undefined) parseTolerances(tolerances);
  if (typeof where !== "string") return await repeat(await findRun(target, where), where, options);
  await using store = await openStore(where);
  return await repeat(await findRun(target, store), store, options);
}

async function repeat(found: FoundRun, store: TwinStore | undefined, options: RerunOptions): Promise<Rerun> {
  const { signal } = options;
  if (found.folder !== undefined && (await isSameFolder(found.folder, options.out))) {
    throw new RunFolderExistsError(options.out, "original");
  }
  if (options.tolerances !== undefined) checkToleranceNames(options.tolerances, [found.record]);
  await using twin = await openFor(found.record, store, options);
  const own = compositionOf(twin).tolerances;
  const tolerances = options.tolerances ?? (own && tolerancesOf(parseTolerances(own), found.record));
  const { plan, missing } = await findInputs(found.record, twin, { given: options.inputs ?? {}, signal });
  if (missing.length > 0) {
    return {
      report: incomparable(found.record, missing, tolerances),
      record: undefined,
      attestation: undefined,
      notes: [],
    };
  }
  const record = await runAgain(found.record, { twin, plan }, options);
  const { connectors } = resolveNeeds(twin, { connectors: many(Connector) });
  const files = found.folder === undefined ? undefined : { original: found.folder, repeat: options.out, connectors };
  const report = await compareRuns(found.record, record, { files, tolerances, signal });
  await writeFileAtomically(join(options.out, REPORT_FILE), canonicalJson(report), { existing: "replace" });
  return { report, record, ...(await keepReport(store, report, options)) };
}

const OTHER_TOLERANCES =
  "The report was not kept as evidence of the version: the tolerances are not those that it was sealed with. Put them into its twin.yaml (`tolerances`), and seal that.";

/** A store that cannot be written to is no reason not to say what came out. */
async function keepReport(
  store: TwinStore | undefined,
  report: ReproductionReport,
  { signal, tolerances }: RerunOptions,
): Promise<Pick<Rerun, "attestation" | "notes">> {
  try {
    const attestation = store && (await attestReproduction(store, report, { signal }));
    const { original, repeat } = report;
    const isOfVersion = original.version !== null && original.version === repeat?.version;
    const isLost = store !== undefined && isOfVersion && attestation === undefined;
    return { attestation, notes: isLost && tolerances !== undefined ? [OTHER_TOLERANCES] : [] };
  } catch (error) {
    if (!(error instanceof WriteFailedError || error instanceof StoreNewerError)) throw error;
    return { attestation: undefined, notes: [`The report was not kept as evidence of the version: ${error.message}`] };
  }
}

async function isSameFolder(a: string, b: string): Promise<boolean> {
  return (await realpath(a)) === (await realpath(b).catch(() => undefined));
}

/** The twin that ran, or the one to run in its place. */
async function openFor(
  record: RunRecord,
  store: TwinStore | undefined,
  { twin, force, signal }: RerunOptions,
): Promise<TwinControl> {
  const control = signal === undefined ? {} : { signal };
  if (twin !== undefined) {
    const composition = typeof twin === "string" ? await loadSpec(twin, control) : twin;
    return await createTwin({ ...composition, ...control });
  }
  if (record.version !== undefined && store !== undefined) {
    return await openTwin(record.version, { store, force, ...control });
  }
  throw new InvalidArgumentError(
    record.version === undefined
      ? `Run ${record.id} names no version of its twin "${record.twin.name}". Give the twin.yaml that it ran with.`
      : `Run ${record.id} is of version ${record.version}. Give the store that has it, or a twin.yaml in its place.`,
  );
}

async function runAgain(
  original: RunRecord,
  { twin, plan }: { readonly twin: TwinControl; readonly plan: PlanDocument },
  { out, existing, signal, onProgress, concurrency }: RerunOptions,
): Promise<RunRecord> {
  const options: RunOptions = {
    out,
    ...(existing !== undefined && { existing }),
    ...(original.seed !== null && { seed: BigInt(original.seed) }),
    ...(signal !== undefined && { signal }),
    ...(onProgress !== undefined && { onProgress }),
    ...(concurrency !== undefined && { concurrency }),
  };
  try {
    if (original.kind === "plan") {
      return await runPlan(twin, planFromDocument(plan.name, plan.steps, compositionOf(twin).tasks), options);
    }
    const [step] = Object.values(plan.steps) as [PlanDocument["steps"][string]];
    const { task, parameters = {}, inputs = {} } = step;
    // Inputs of a single task are files.
    const paths = Object.entries(inputs as Record<string, { readonly file: string }>);
    const files = Object.fromEntries(paths.map(([input, { file }]) => [input, file]));
    return await runTask(twin, task, { ...options, parameters, inputs: files });
  } catch (error) {
    if (error instanceof RunFailedError) return error.record;
    throw error;
  }
}

/** The report of a run that was not repeated. */
function incomparable(
  original: RunRecord,
  missing: readonly Difference[],
  tolerances: Tolerances | undefined,
): ReproductionReport {
  const unknown: LayerComparison = { state: "unknown", differences: [] };
  const named = missing.map(({ what, repeat }) => `${what} is ${repeat === null ? "not there" : "another file"}`);
  return {
    schemaVersion: 1,
    verdict: "incomparable",
    original: comparedRun(original),
    repeat: null,
    layers: {
      data: layer(missing),
      parameters: unknown,
      model: unknown,
      spec: unknown,
      code: unknown,
      environment: unknown,
      platform: unknown,
    },
    compared: "records",
    outputs: [],
    causes: [{ layer: "data", message: `Nothing was run, as its data are not those of then: ${named.join("; ")}.` }],
    tolerances: tolerances ?? null,
  };
}
