import { basename } from "node:path";
import { canonicalJson } from "../../canonical/canonical-json.ts";
import { type Digest, digestJson } from "../../canonical/digest.ts";
import type { JsonValue } from "../../canonical/json-value.ts";
import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import type { FileRecord, RunRecord, StepRecord } from "../../run/run-record.ts";
import { redactLocation } from "../../sources/redact.ts";
import { findRunFolder, resolveVersion } from "../reproduce/find-run.ts";
import { stepsInOrder } from "../step-order.ts";
import { openStore, type TwinStore } from "../store.ts";
import { readVersion, type SealedVersion } from "../version/manifest.ts";
import { encodingOf, hexOf } from "./crate-files.ts";
import { ProvRecords, qualifiedName } from "./prov-document.ts";

/** How {@link exportProv} finds what it tells of. */
export interface ExportProvOptions {
  /** Holds the version, and those that it comes from. */
  readonly store?: TwinStore | string | undefined;
}

/**
 * A run or a version in PROV-JSON: files and versions as entities, steps as activities, the engine as agent, the plan as
 * plan. What a run did is a bundle of the run's name.
 *
 * @param target - The folder of a run; or, with a store, a version.
 * @returns A document of PROV-JSON, to be written as a `.json` file.
 * @throws `TWIN_INVALID_ARGUMENT` for what is neither; `TWIN_RUN_RECORD_DAMAGED`, `TWIN_VERSION_NOT_FOUND`.
 * @see Source: The PROV-JSON Serialization, W3C Member Submission 24 April 2013; names of files as in the hash URI scheme,
 *   `hash://sha256/…`, of runs as `urn:uuid:` (RFC 9562).
 */
export async function exportProv(
  target: string,
  options: ExportProvOptions = {},
): Promise<Readonly<Record<string, JsonValue>>> {
  const { store: where } = options;
  if (typeof where !== "string") return await document(target, where);
  await using store = await openStore(where);
  return await document(target, store);
}

async function document(target: string, store: TwinStore | undefined): Promise<Readonly<Record<string, JsonValue>>> {
  const found = await findRunFolder(target);
  if (found === undefined && store === undefined) {
    throw new InvalidArgumentError(`"${target}" is no folder of a run. A version needs the store that has it.`);
  }
  const prefix: Record<string, string> = { sha256: "hash://sha256/", run: "urn:uuid:", schema: "http://schema.org/" };
  const top = new ProvRecords();
  const version = found === undefined ? store && (await resolveVersion(store, target)).digest : found.record.version;
  if (version !== undefined) {
    addVersion(top, version, store && (await readVersion(store.objects, version)));
  }
  if (found === undefined) return { prefix, ...top.toJson() };
  const { record } = found;
  top.add("entity", `run:${record.id}`, {
    "prov:type": qualifiedName("prov:Bundle"),
    "prov:label": `Run of plan "${record.plan.name}" of twin "${record.twin.name}"`,
    "schema:sha256": hexOf(record.digest),
  });
  for (const kind of ["step", "output", "parameters"]) prefix[kind] = `urn:uuid:${record.id}#${kind}/`;
  return { prefix, ...top.toJson(), bundle: { [`run:${record.id}`]: { prefix, ...runRecords(record).toJson() } } };
}

function nameOf(digest: Digest): string {
  return `sha256:${hexOf(digest)}`;
}

function addVersion(records: ProvRecords, digest: Digest, sealed: SealedVersion | undefined): void {
  const name = records.add("entity", nameOf(digest), {
    "prov:type": [qualifiedName("prov:Plan"), qualifiedName("prov:Collection")],
    "prov:label": sealed && `Version of twin "${sealed.config.twin}"`,
    "schema:sha256": hexOf(digest),
  });
  if (sealed === undefined) return;
  const { spec, models, data, code, parents } = sealed.config;
  const files = [...models, ...data, ...code.files].map(({ path, descriptor }) => ({ path, descriptor }));
  for (const { path, descriptor } of [{ path: "twin.yaml", descriptor: spec }, ...files]) {
    const member = records.add("entity", nameOf(descriptor.digest), {
      "prov:label": path,
      "schema:encodingFormat": descriptor.mediaType,
      "schema:contentSize": String(descriptor.size),
      "schema:sha256": hexOf(descriptor.digest),
    });
    records.relate("hadMember", { "prov:collection": name, "prov:entity": member });
  }
  for (const { digest: parent, relation } of parents) {
    addVersion(records, parent, undefined);
    records.relate("wasDerivedFrom", {
      "prov:generatedEntity": name,
      "prov:usedEntity": nameOf(parent),
      "prov:type": relation === "revision" ? qualifiedName("prov:Revision") : relation,
    });
  }
}

function runRecords(record: RunRecord): ProvRecords {
  const records = new ProvRecords();
  const { environment, plan } = record;
  records.add("agent", "schema:Twinloom", {
    "prov:type": qualifiedName("prov:SoftwareAgent"),
    "prov:label": "Twinloom",
    "schema:softwareVersion": environment.engine,
  });
  const planName = records.add("entity", nameOf(digestJson(plan)), {
    "prov:type": qualifiedName("prov:Plan"),
    "prov:label": `Plan "${plan.name}"`,
  });
  const twin = addTwin(records, record);
  for (const [step, done] of stepsInOrder(record)) {
    if (done.state === "skipped") continue;
    const activity = records.add("activity", `step:${step}`, {
      "prov:label": `Step "${step}": task "${done.task}"`,
      "prov:startTime": done.startedAt ?? undefined,
      "prov:endTime": done.endedAt ?? undefined,
      "schema:actionStatus": done.state === "succeeded" ? "CompletedActionStatus" : "FailedActionStatus",
      "schema:error": done.error?.message,
    });
    records.relate("wasAssociatedWith", {
      "prov:activity": activity,
      "prov:agent": "schema:Twinloom",
      "prov:plan": planName,
    });
    use(records, activity, { entity: twin, role: "twin" });
    addStep(records, { step, activity, done, record });
  }
  return records;
}

/** The version that ran, or else the composition that was recorded; with the models that it had. */
function addTwin(records: ProvRecords, { version, twin, environment }: RunRecord): string {
  const name = nameOf(version ?? twin.specDigest);
  if (version !== undefined) addVersion(records, version, undefined);
  else {
    const type = qualifiedName("prov:Collection");
    records.add("entity", name, { "prov:type": type, "prov:label": `Composition of twin "${twin.name}"` });
  }
  for (const [part, { name: label, digest }] of Object.entries(environment.models ?? {})) {
    if (digest === null) continue;
    const model = records.add("entity", nameOf(digest as Digest), {
      "prov:label": `Model "${label}" of part "${part}"`,
      "schema:sha256": hexOf(digest as Digest),
    });
    records.relate("hadMember", { "prov:collection": name, "prov:entity": model });
  }
  return name;
}

function addStep(
  records: ProvRecords,
  {
    step,
    activity,
    done,
    record,
  }: { readonly step: string; readonly activity: string; readonly done: StepRecord; readonly record: RunRecord },
): void {
  const parameters = records.add("entity", `parameters:${step}`, { "prov:value": canonicalJson(done.parameters) });
  use(records, activity, { entity: parameters, role: "parameters" });
  for (const [input, file] of Object.entries(done.inputs)) {
    const from = record.plan.steps[step]?.inputs?.[input];
    const entity = typeof from === "string" ? `output:${from}` : addFile(records, nameOf(file.fileDigest), file);
    use(records, activity, { entity, role: input });
  }
  for (const { location, digest } of done.reads?.sources ?? []) {
    const name =
      digest === undefined ? `step:${step}/read/${encodeURIComponent(redactLocation(location))}` : nameOf(digest);
    const label = basename(redactLocation(location));
    use(records, activity, { entity: records.add("entity", name, { "prov:label": label }), role: "read" });
  }
  for (const [output, file] of Object.entries(done.outputs)) {
    const entity = addFile(records, `output:${step}.${output}`, file);
    records.relate("wasGeneratedBy", { "prov:entity": entity, "prov:activity": activity, "prov:role": output });
  }
}

function use(
  records: ProvRecords,
  activity: string,
  { entity, role }: { readonly entity: string; readonly role: string },
): void {
  records.relate("used", { "prov:activity": activity, "prov:entity": entity, "prov:role": role });
}

function addFile(records: ProvRecords, name: string, { path, bytes, fileDigest }: FileRecord): string {
  return records.add("entity", name, {
    // The name alone: where it was on one machine is nobody else's business.
    "prov:label": basename(path),
    "schema:encodingFormat": encodingOf(path),
    "schema:contentSize": String(bytes),
    "schema:sha256": hexOf(fileDigest),
  });
}
