import { lstat, readdir, rename, rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { canonicalJson } from "../../canonical/canonical-json.ts";
import { digestBytes, digestFile } from "../../canonical/digest.ts";
import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { FileExistsError } from "../../files/errors.ts";
import { makeFolders } from "../../files/make-folders.ts";
import { partialPath, system, writeFileAtomically } from "../../files/write-atomically.ts";
import { RECORD_FILE, REPORT_FILE } from "../../run/run-folder.ts";
import type { FileRecord, RunRecord } from "../../run/run-record.ts";
import { findRunFolder } from "../reproduce/find-run.ts";
import type { VersionConfig } from "../schema.ts";
import { stepsInOrder } from "../step-order.ts";
import { openStore, type TwinStore } from "../store.ts";
import { readVersion } from "../version/manifest.ts";
import { restoreVersion } from "../version/restore.ts";
import { CrateFiles, checkable } from "./crate-files.ts";
import { CrateGraph, type Reference, reference } from "./crate-graph.ts";
import { PLAN_FILE, RunEntities } from "./run-entities.ts";

/** Who did or made something. */
export interface CrateAgent {
  readonly name: string;
  /** An ORCID, as `https://orcid.org/0000-0001-2345-6789`, or another URL. */
  readonly id?: string | undefined;
  readonly affiliation?: { readonly name: string; readonly id?: string | undefined } | undefined;
}

/** What a crate says beside what is recorded. What nobody tells is left out. */
export interface ExportCrateOptions {
  /** Under which licence others may use it: SPDX (`CC-BY-4.0`) or a URL. The version's by default; a crate needs one. */
  readonly license?: string | undefined;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  /** Who ran it, and is the author of the crate. */
  readonly agent?: CrateAgent | undefined;
  /** ISO 8601; now by default. */
  readonly datePublished?: string | undefined;
  /** Holds the version that ran: then its files are in the crate, too. */
  readonly store?: TwinStore | string | undefined;
  readonly signal?: AbortSignal | undefined;
}

const PROFILES = [
  ["https://w3id.org/ro/wfrun/process/0.5", "Process Run Crate", "0.5"],
  ["https://w3id.org/ro/wfrun/workflow/0.5", "Workflow Run Crate", "0.5"],
  ["https://w3id.org/ro/wfrun/provenance/0.5", "Provenance Run Crate", "0.5"],
  ["https://w3id.org/workflowhub/workflow-ro-crate/1.0", "Workflow RO-Crate", "1.0"],
] as const;

/**
 * Exports a run or a version as an RO-Crate: a folder with all files, and `ro-crate-metadata.json` that says what they are,
 * how they came about, and the SHA-256 of each. A run's crate follows the Workflow Run profiles.
 *
 * Files that a run read are in the crate where they still are what they were; of others it has digest and size. Parameters
 * and the composition are in it as they are recorded: secrets as references. `run.json` is the sealed record and names
 * files by their paths on the machine of the run; nothing else in the crate does.
 *
 * @param target - The folder of a run; or, with a store, a version.
 * @param out - A folder that is not there yet.
 * @throws `TWIN_INVALID_ARGUMENT` without a licence; `TWIN_FILE_EXISTS`; `TWIN_READ_FAILED` for an output that was changed
 *   since; `TWIN_FILE_NOT_FOUND`, `TWIN_VERSION_NOT_FOUND`, `TWIN_WRITE_FAILED`. Then nothing is left.
 * @see RO-Crate 1.1, https://w3id.org/ro/crate/1.1; Provenance Run Crate 0.5, https://w3id.org/ro/wfrun/provenance/0.5
 *
 * @example
 * await exportCrate("first", "crate", { license: "CC-BY-4.0", agent: { name: "Ada Lovelace" } });
 */
export async function exportCrate(target: string, out: string, options: ExportCrateOptions = {}): Promise<void> {
  const { store: where } = options;
  if (typeof where !== "string") return await exportFrom(target, out, { ...options, store: where });
  await using store = await openStore(where);
  await exportFrom(target, out, { ...options, store });
}

type Options = ExportCrateOptions & { readonly store?: TwinStore | undefined };

async function exportFrom(target: string, out: string, options: Options): Promise<void> {
  const { store, signal } = options;
  const path = resolve(out);
  if (await isThere(path)) throw new FileExistsError(out);
  const found = await findRunFolder(target);
  const version = found === undefined ? (await store?.resolve(target))?.digest : found.record.version;
  if (found === undefined && version === undefined) {
    throw new InvalidArgumentError(`"${target}" is no folder of a run. A version needs the store that has it.`);
  }
  const sealed = version === undefined || store === undefined ? undefined : await readVersion(store.objects, version);
  const staging = partialPath(path);
  try {
    await system(path, () => makeFolders(staging));
    const files = new CrateFiles(staging, new CrateGraph());
    addRoot(files.graph, { record: found?.record, config: sealed?.config }, options);
    if (found !== undefined) await addRun(files, found, options);
    if (sealed !== undefined && store !== undefined) {
      await restoreVersion(store, sealed.descriptor.digest, join(staging, "twin"), { signal });
      await addVersion(files, sealed.config, { isMain: found === undefined });
    }
    signal?.throwIfAborted();
    await writeFileAtomically(join(staging, "ro-crate-metadata.json"), files.graph.text());
    await system(path, () => rename(staging, path));
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

function addRoot(
  graph: CrateGraph,
  { record, config }: { readonly record: RunRecord | undefined; readonly config: VersionConfig | undefined },
  options: Options,
): void {
  const license = options.license ?? config?.annotations["license"];
  if (license === undefined) {
    throw new InvalidArgumentError("A crate needs a licence: give `license`, as in `CC-BY-4.0` (SPDX), or a URL.");
  }
  const profiles = record === undefined ? [] : PROFILES;
  const what = record
    ? `Run of plan "${record.plan.name}" of twin "${record.twin.name}"`
    : `Version of twin "${config?.twin}"`;
  graph.add({
    "@id": "ro-crate-metadata.json",
    "@type": "CreativeWork",
    conformsTo: [
      reference("https://w3id.org/ro/crate/1.1"),
      ...(record === undefined ? [] : [reference("https://w3id.org/workflowhub/workflow-ro-crate/1.0")]),
    ],
    about: reference("./"),
  });
  graph.add({
    "@id": "./",
    "@type": "Dataset",
    name: options.name ?? what,
    description: options.description ?? config?.annotations["description"] ?? `${what}, exported by Twinloom.`,
    datePublished: options.datePublished ?? new Date().toISOString(),
    license: reference(licenseUrl(license)),
    conformsTo: profiles.map(([id]) => reference(id)),
    mainEntity: record === undefined ? undefined : reference(PLAN_FILE),
  });
  graph.add({ "@id": licenseUrl(license), "@type": "CreativeWork", name: license });
  for (const [id, name, version] of profiles) graph.add({ "@id": id, "@type": "CreativeWork", name, version });
  const agent = addAgent(graph, options.agent);
  if (agent) graph.link("./", "author", agent);
}

function licenseUrl(license: string): string {
  return /^https?:/.test(license) ? license : `https://spdx.org/licenses/${encodeURIComponent(license)}`;
}

function addAgent(graph: CrateGraph, agent: CrateAgent | undefined): Reference | undefined {
  if (agent === undefined) return undefined;
  const { name, id, affiliation } = agent;
  const organization = affiliation && {
    "@id": affiliation.id ?? `#organization-${encodeURIComponent(affiliation.name)}`,
    "@type": "Organization",
    name: affiliation.name,
    url: affiliation.id,
  };
  return graph.add({
    "@id": id ?? `#person-${encodeURIComponent(name)}`,
    "@type": "Person",
    name,
    affiliation: organization && graph.add(organization),
  });
}

async function addRun(
  files: CrateFiles,
  { record, folder }: { readonly record: RunRecord; readonly folder: string },
  options: Options,
): Promise<void> {
  const { graph } = files;
  await addPlan(files, record);
  const entities = new Map<string, Reference>();
  for (const [step, { outputs, inputs }] of stepsInOrder(record)) {
    for (const file of Object.values(outputs)) {
      entities.set(file.path, await files.copy(join(folder, file.path), file.path, factsOf(file)));
    }
    for (const [input, file] of Object.entries(inputs)) {
      if (entities.has(file.path)) continue;
      entities.set(file.path, await addInput(files, file, `inputs/${step}/${input}/${basename(file.path)}`));
    }
  }
  new RunEntities(graph, record, {
    fileOf: ({ path }) => entities.get(path) as Reference,
    agent: options.agent && addAgent(graph, options.agent),
  }).add();
  const own = [
    [RECORD_FILE, "Sealed record of the run"],
    [REPORT_FILE, "Comparison with the run that this one repeats"],
  ] as const;
  for (const [name, title] of own) {
    const path = join(folder, name);
    if (!(await isThere(path))) continue;
    await files.copy(path, name, await digestFile(path), { name: title, about: reference(`#run-${record.id}`) });
  }
}

/** The plan as a file of the crate: what was asked for, its inputs by name. */
async function addPlan({ folder, graph }: CrateFiles, record: RunRecord): Promise<void> {
  const steps = Object.entries(record.plan.steps).map(([name, { task, parameters = {}, inputs = {} }]) => {
    const from = Object.entries(inputs).map(([input, each]) => [
      input,
      typeof each === "string" ? each : { file: `inputs/${name}/${input}/${basename(each.file)}` },
    ]);
    return [name, { task, parameters, inputs: Object.fromEntries(from) }];
  });
  const text = canonicalJson({ name: record.plan.name, steps: Object.fromEntries(steps) });
  await writeFileAtomically(join(folder, PLAN_FILE), text);
  const language = graph.add({ "@id": "#plan-language", "@type": "ComputerLanguage", name: "Plan of Twinloom, JSON" });
  const { lock, plugins } = record.environment;
  const packages = Object.entries(plugins).map(([part, { plugin, version }]) =>
    graph.add({
      "@id": `#plugin-${encodeURIComponent(plugin)}`,
      "@type": "SoftwareApplication",
      name: plugin,
      softwareVersion: version,
      description: `Plugin of part "${part}".`,
    }),
  );
  const lockFile = lock && {
    "@id": "#lock",
    "@type": "CreativeWork",
    name: lock.file,
    description: "Lock file of the packages that ran.",
    sha256: lock.digest.slice("sha256:".length),
  };
  graph.add({
    "@id": PLAN_FILE,
    "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
    name: `Plan "${record.plan.name}"`,
    encodingFormat: "application/json",
    version: record.version ?? record.twin.specDigest,
    programmingLanguage: language,
    conformsTo: reference("https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"),
    softwareRequirements: [...packages, ...(lockFile ? [graph.add(lockFile)] : [])],
    ...checkable({ bytes: Buffer.byteLength(text), digest: digestBytes(text) }),
  });
  graph.link("./", "hasPart", reference(PLAN_FILE));
}

/** An input as a file of the crate; where it is gone or another by now, what is recorded of it. */
async function addInput(files: CrateFiles, file: FileRecord, path: string): Promise<Reference> {
  const facts = factsOf(file);
  const now = await digestFile(file.path).catch(() => undefined);
  if (now?.digest === facts.digest) return await files.copy(file.path, path, facts);
  return files.graph.add({
    "@id": `#input-${facts.digest.slice("sha256:".length)}`,
    "@type": "CreativeWork",
    name: basename(file.path),
    description: "A file that was read, and is not in this crate.",
    ...checkable(facts),
  });
}

/** The files of a restored version, which lie in the crate's folder `twin`. */
async function addVersion(
  files: CrateFiles,
  config: VersionConfig,
  { isMain }: { readonly isMain: boolean },
): Promise<void> {
  const { graph, folder } = files;
  const roles = new Map<string, string>([
    [config.spec.digest, `Composition of twin "${config.twin}"`],
    ...config.models.map(({ part, descriptor }) => [descriptor.digest, `Model of part "${part}"`] as const),
    ...config.data.map(({ role, descriptor }) => [descriptor.digest, `Data: ${role}`] as const),
    ...config.code.files.map(({ descriptor }) => [descriptor.digest, "Code of a plugin"] as const),
  ]);
  const lock = config.environment.lock?.digest;
  if (lock !== undefined) roles.set(lock, "Lock file of the packages");
  const entries = await readdir(join(folder, "twin"), { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const path of paths.sort((a, b) => (a < b ? -1 : 1))) {
    const facts = await digestFile(path);
    const name = path.slice(folder.length + 1).replaceAll("\\", "/");
    const file = files.describe(name, facts, { description: roles.get(facts.digest) });
    if (isMain && facts.digest === config.spec.digest) graph.link("./", "mainEntity", file);
    if (!isMain && facts.digest === lock) graph.link(PLAN_FILE, "softwareRequirements", file);
    for (const { part } of config.models.filter(({ descriptor }) => descriptor.digest === facts.digest)) {
      if (!isMain) graph.link(file["@id"], "about", reference(`#model-${part}`));
    }
  }
}

function factsOf({ bytes, fileDigest }: FileRecord): {
  readonly bytes: number;
  readonly digest: FileRecord["fileDigest"];
} {
  return { bytes, digest: fileDigest };
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}
