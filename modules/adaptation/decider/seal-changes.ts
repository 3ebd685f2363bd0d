import { dirname, join, relative, resolve } from "node:path";
import {
  Adaptable,
  type Attestation,
  artifact,
  type Composition,
  canonicalJson,
  type Digest,
  digestJson,
  InvalidArgumentError,
  type JsonValue,
  type Plugin,
  sealVersion,
  type TwinStore,
  type VersionEntry,
  versionName,
  writeFileAtomically,
} from "../../../core/index.ts";
import type { CountersAcceptedDecision } from "../counters/counter-decision.ts";
import type { Comparison } from "../loop/compare-conditions.ts";
import type { AcceptedDecision, RolledBackDecision } from "../loop/decision.ts";
import type { ConditionsChange } from "./decide.ts";
import { decisionText } from "./decision-text.ts";
import type { RecordedDecision } from "./decisions-journal.ts";

/** How changes of conditions become versions. */
export interface SealChangesOptions {
  readonly store: TwinStore;
  /** What the twin is composed of that is adapted: one part of it is {@link Adaptable}. */
  readonly composition: Composition;
  /** That part, as it runs. */
  readonly adaptable: Adaptable;
  /** Put on each version that is sealed, and back on the one before when it is taken back. */
  readonly alias?: string | undefined;
  /** Folder of the files of calibrations; `calibrations` beside the twin.yaml by default. */
  readonly folder?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What was done about a change; the outcome of its decision. */
interface Sealed {
  /** The version that describes the instrument from now on. */
  readonly version: Digest;
  readonly name: string;
  /** Of a calibration: the version that it is one of, and its file, from the folder of the twin. */
  readonly calibrationOf?: Digest;
  readonly file?: string;
  /** Where the alias is now; null where none is moved. */
  readonly alias: string | null;
}

/**
 * What `decide` calls for new conditions: writes the calibration beside the twin (`folder`), seals the twin with it as a
 * version with the parent relation `calibrationOf`, adds the decision as evidence, and moves the alias. Of what is taken back, the
 * evidence says that it failed, and the alias goes back, unless somebody has moved it since. Doing it again changes nothing.
 *
 * The function throws what `sealVersion`, `attest` and `moveAlias` of the store throw.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for a composition without an adaptable part, or with several.
 *
 * @example
 * const act = sealChanges({ store, composition, adaptable, alias: "champion" });
 * await decide(windows, { adaptable, folder: "decisions", act });
 */
export function sealChanges(options: SealChangesOptions): (change: ConditionsChange) => Promise<JsonValue> {
  const part = adaptablePart(options.composition);
  return async (change) => {
    const sealed = change.decision.kind === "rolled-back" ? takeBack(change, options) : seal(change, part, options);
    return { ...(await sealed) };
  };
}

/**
 * Which version holds after some decisions, as {@link sealChanges} sealed them; before the first change the twin as it is,
 * which is sealed then. For plans of retraining.
 *
 * The function throws what `sealVersion` and `moveAlias` of the store throw.
 */
export function versionInUse(options: SealChangesOptions): (earlier: readonly RecordedDecision[]) => Promise<Digest> {
  return async (earlier) => versionAfter(earlier) ?? (await sealFirst(options)).digest;
}

async function seal(change: ConditionsChange, part: string, options: SealChangesOptions): Promise<Sealed> {
  const { store, composition, adaptable, alias, signal } = options;
  const { decision, earlier } = change;
  const faults = decision.kind === "counters-accepted" ? decision.faultsAfter : undefined;
  const calibration = adaptable.calibration(Float64Array.from(decision.after), faults);
  const beside = dirname(resolve(composition.source?.file ?? "twin.yaml"));
  const folder = resolve(options.folder ?? join(beside, "calibrations"));
  // Named by its content: equal conditions are an equal version.
  const file = join(folder, `${digestJson(calibration).slice("sha256:".length).slice(0, 16)}.json`);
  await writeFileAtomically(file, canonicalJson(calibration), { existing: "replace", signal });
  const parent = await versionInUse(options)(earlier);
  const plugin = composition.plugins[part] as Plugin;
  const calibrated = { ...plugin, options: { ...plugin.options, calibration: artifact(file) } };
  const { restoredFrom, ...rest } = composition;
  const { entry } = await sealVersion(
    store,
    { ...rest, plugins: { ...composition.plugins, [part]: calibrated } },
    { parents: [{ digest: parent, relation: "calibrationOf" }], alias, reason: reasonOf(change), signal },
  );
  await attest(entry, change, options);
  return {
    version: entry.digest,
    name: versionName(entry),
    calibrationOf: parent,
    file: relative(beside, file).replaceAll("\\", "/"),
    alias: alias ?? null,
  };
}

/** The twin as it is before anything was adapted: with the alias, if that is on none. */
async function sealFirst({ store, composition, alias, signal }: SealChangesOptions): Promise<VersionEntry> {
  const { entry } = await sealVersion(store, composition, { signal, reason: "what calibrations are of" });
  const name = `${entry.twin}@${alias}`;
  if (alias !== undefined && (await onAlias(store, name)) === undefined)
    await store.moveAlias(name, entry.digest, { signal });
  return entry;
}

async function takeBack(change: ConditionsChange, options: SealChangesOptions): Promise<Sealed> {
  const { store, alias, signal } = options;
  const accepted = change.earlier.findLast(({ decision }) => decision.kind === "accepted")?.outcome as
    | Sealed
    | undefined;
  if (!accepted?.calibrationOf) throw new InvalidArgumentError("What is taken back was not sealed.");
  const [failed, before] = await Promise.all([store.resolve(accepted.version), store.resolve(accepted.calibrationOf)]);
  await attest(failed, change, options);
  const name = `${failed.twin}@${alias}`;
  // Only from where it was put: a second time, or after somebody else, it stays.
  if (alias !== undefined && (await onAlias(store, name)) === failed.digest) {
    await store.rollBackAlias(name, { reason: reasonOf(change), signal });
  }
  return { version: before.digest, name: versionName(before), alias: alias ?? null };
}

async function attest(entry: VersionEntry, change: ConditionsChange, options: SealChangesOptions): Promise<void> {
  const { decision } = change;
  const attestation: Attestation = {
    ...{ schemaVersion: 1, kind: "validation", subject: entry.digest },
    verdict: decision.kind === "rolled-back" ? "failed" : "passed",
    metrics: decision.kind === "counters-accepted" ? counterMetrics(decision) : conditionMetrics(decision),
    statement: JSON.parse(canonicalJson(decision)) as Attestation["statement"],
  };
  await options.store.attest(entry.digest, attestation, { reason: reasonOf(change), signal: options.signal });
}

/** Above 0, the version is better than the one before: of what is taken back, the old conditions were compared with it. */
function conditionMetrics({ kind, comparison }: AcceptedDecision | RolledBackDecision): Attestation["metrics"] {
  const { events, meanDifference, error }: Comparison = comparison;
  return {
    "adaptation.events": events,
    "adaptation.deviance_gain": kind === "accepted" ? meanDifference : -meanDifference,
    "adaptation.deviance_gain_error": error,
  };
}

/** Of the finding with the least evidence. */
function counterMetrics({ findings }: CountersAcceptedDecision): Attestation["metrics"] {
  return {
    "adaptation.counters": findings.length,
    "adaptation.events": Math.min(...findings.map(({ proof }) => proof.events)),
    "adaptation.log_likelihood_ratio": Math.min(...findings.map(({ proof }) => proof.value)),
  };
}

async function onAlias(store: TwinStore, name: string): Promise<Digest | undefined> {
  try {
    return (await store.resolve(name)).digest as Digest;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === "TWIN_VERSION_NOT_FOUND") return undefined;
    throw error;
  }
}

/** The version that holds after these decisions; `undefined` for the first. */
function versionAfter(earlier: readonly RecordedDecision[]): Digest | undefined {
  const sealed = earlier.findLast(({ decision, outcome }) => isChange(decision) && outcome !== undefined);
  return (sealed?.outcome as Sealed | undefined)?.version;
}

function isChange({ kind }: RecordedDecision["decision"]): boolean {
  return kind === "accepted" || kind === "rolled-back" || kind === "counters-accepted";
}

function reasonOf({ decision }: ConditionsChange): string {
  if (decision.kind === "counters-accepted")
    return `adapted after ${decision.events} events: ${decisionText(decision)}`;
  const { kind, attribution, comparison, events } = decision;
  const { meanDifference, error } = comparison;
  const moved = attribution.best?.moved.map(({ condition, value }) => `${condition} ${value.toPrecision(5)}`) ?? [];
  const sigmas = `${(meanDifference / error).toFixed(1)} standard errors`;
  const what = moved.join(", ");
  if (kind === "accepted") return `adapted after ${events} events: ${what}; better by ${sigmas}`;
  return `taken back after ${events} events: ${what}; worse by ${sigmas}`;
}

function adaptablePart({ plugins }: Composition): string {
  const parts = Object.entries(plugins).flatMap(
    ([
      part,
      {
        definition: { provides },
      },
    ]) => ([provides].flat().some((token) => (token as unknown) === Adaptable) ? part : []),
  );
  const [part] = parts;
  if (part !== undefined && parts.length === 1) return part;
  throw new InvalidArgumentError(
    `One part of a twin that is adapted must be adaptable; ${parts.length === 0 ? "none is" : `there are ${parts.join(", ")}`}.`,
  );
}
