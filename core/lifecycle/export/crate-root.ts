import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import type { RunRecord } from "../../run/run-record.ts";
import { licenseUrl } from "../license.ts";
import type { VersionConfig } from "../schema.ts";
import type { TwinStore } from "../store.ts";
import { type CrateGraph, type Reference, reference } from "./crate-graph.ts";
import { PLAN_FILE } from "./run-entities.ts";

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
  /** Whether the crate is the payload, `data/`, of a BagIt bag: for archives that check files by its lists. */
  readonly bagit?: boolean | undefined;
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

/** Adds what a crate says of itself: its description, licence, author and profiles. @throws `TWIN_INVALID_ARGUMENT` without a licence, or for one that is neither SPDX nor a URL. */
export function addRoot(
  graph: CrateGraph,
  { record, config }: { readonly record: RunRecord | undefined; readonly config: VersionConfig | undefined },
  options: ExportCrateOptions,
): void {
  const license = options.license ?? config?.annotations["license"];
  if (license === undefined) {
    throw new InvalidArgumentError("A crate needs a licence: give `license`, as in CC-BY-4.0 (SPDX), or a URL.");
  }
  const url = licenseUrl(license);
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
    license: reference(url),
    conformsTo: profiles.map(([id]) => reference(id)),
    mainEntity: record === undefined ? undefined : reference(PLAN_FILE),
  });
  graph.add({ "@id": url, "@type": "CreativeWork", name: license });
  for (const [id, name, version] of profiles) graph.add({ "@id": id, "@type": "CreativeWork", name, version });
  const agent = addAgent(graph, options.agent);
  if (agent) graph.link("./", "author", agent);
}

/** Adds who ran it, where somebody told. */
export function addAgent(graph: CrateGraph, agent: CrateAgent | undefined): Reference | undefined {
  if (agent === undefined) return undefined;
  const { name, id, affiliation } = agent;
  const organization = affiliation && {
    "@id": affiliation.id ?? `#organization/${encodeURIComponent(affiliation.name)}`,
    "@type": "Organization",
    name: affiliation.name,
    url: affiliation.id,
  };
  return graph.add({
    "@id": id ?? `#person/${encodeURIComponent(name)}`,
    "@type": "Person",
    name,
    affiliation: organization && graph.add(organization),
  });
}
