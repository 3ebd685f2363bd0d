import type { Digest } from "../../canonical/digest.ts";
import type { JsonValue } from "../../canonical/json-value.ts";
import type { VersionEntry } from "../log/twin-state.ts";
import type { Attestation, VersionConfig } from "../schema.ts";
import { parsePackageUrl } from "../version/packages.ts";
import { type MetricRow, metricRows } from "./metric-rows.ts";
import { type SpecChanges, specChanges } from "./spec-changes.ts";
import { changeOf, mapChanges, type VersionChange, valueChanges } from "./value-changes.ts";

/** One of the two versions of a comparison. */
export type ComparedVersion = Pick<VersionEntry, "twin" | "number" | "digest" | "state" | "aliases">;

/** What a comparison looks at. */
export interface VersionContent {
  readonly entry: ComparedVersion;
  readonly config: VersionConfig;
  /** Text of the twin.yaml. */
  readonly spec: string;
  /** Of this version, the oldest first. */
  readonly attestations: readonly Pick<Attestation, "kind" | "metrics">[];
}

/** How two versions differ in what they mean, section by section; plain JSON. */
export interface VersionDiff {
  readonly a: ComparedVersion;
  readonly b: ComparedVersion;
  readonly changes: Readonly<Record<DiffSection, readonly VersionChange[]>>;
  /** Of models and validations, side by side; the equal ones, too. */
  readonly metrics: readonly MetricRow[];
}

/** Parts of a {@link VersionDiff}. */
export type DiffSection =
  | keyof SpecChanges
  | "models"
  | "data"
  | "code"
  | "environment"
  | "packages"
  | "parents"
  | "annotations";

/** Compares two versions. What the log says of them (numbers, states, aliases) is no difference. */
export async function compareVersions(a: VersionContent, b: VersionContent): Promise<VersionDiff> {
  const both = [a.config, b.config] as const;
  const compare = (of: (config: VersionConfig) => ReadonlyMap<string, JsonValue>): readonly VersionChange[] =>
    mapChanges(of(both[0]), of(both[1]));
  return {
    a: comparedVersion(a),
    b: comparedVersion(b),
    changes: {
      ...(await specChanges(a.spec, b.spec)),
      models: modelChanges(...both),
      data: compare(({ data }) => digests(data)),
      code: [...compare(({ code }) => digests(code.files)), ...valueChanges("git", vcsOf(both[0]), vcsOf(both[1]))],
      environment: valueChanges("", environmentOf(both[0]), environmentOf(both[1])),
      packages: compare(packagesOf),
      parents: compare(({ parents }) => new Map(parents.map(({ digest, relation }) => [digest, relation]))),
      annotations: compare(annotationsOf),
    },
    metrics: metricRows(a, b),
  };
}

function comparedVersion({ entry: { twin, number, digest, state, aliases } }: VersionContent): ComparedVersion {
  return { twin, number, digest, state, aliases };
}

type Model = VersionConfig["models"][number];

/** Models of one part are the same one when their paths are equal, or when each side has one that the other has not. */
function modelChanges(a: VersionConfig, b: VersionConfig): readonly VersionChange[] {
  const parts = [...new Set([...a.models, ...b.models].map(({ part }) => part))];
  return parts.flatMap((part) => {
    const [ours, theirs] = [a, b].map(({ models }) => models.filter((model) => model.part === part)) as [
      Model[],
      Model[],
    ];
    const isIn = (models: readonly Model[], { path }: Model): boolean => models.some((model) => model.path === path);
    const kept = ours.filter((model) => isIn(theirs, model));
    const gone = ours.filter((model) => !isIn(theirs, model));
    const come = theirs.filter((model) => !isIn(ours, model));
    const [before, after] = [gone[0], come[0]];
    const isReplaced = before !== undefined && after !== undefined && gone.length + come.length === 2;
    return [
      ...kept.flatMap((model) => {
        const other = theirs.find(({ path }) => path === model.path) as Model;
        return changeOf(model.path, modelOf(model), modelOf(other), part);
      }),
      ...(isReplaced
        ? changeOf(after.path, modelOf(before), modelOf(after), part)
        : [
            ...gone.flatMap((model) => changeOf(model.path, modelOf(model), undefined, part)),
            ...come.flatMap((model) => changeOf(model.path, undefined, modelOf(model), part)),
          ]),
    ];
  });
}

function modelOf({ path, descriptor, card }: Model): JsonValue {
  return { path, digest: descriptor.digest, ...(card && { card: card.descriptor.digest }) };
}

function digests(
  files: readonly { readonly path: string; readonly descriptor: { readonly digest: Digest } }[],
): ReadonlyMap<string, Digest> {
  return new Map(files.map(({ path, descriptor }) => [path, descriptor.digest]));
}

function vcsOf({ code: { vcs } }: VersionConfig): JsonValue | undefined {
  if (vcs === undefined) return undefined;
  return { commit: vcs.commit, dirty: vcs.dirty, ...(vcs.diff && { diff: vcs.diff.digest }) };
}

function environmentOf({ environment: { engine, node, lock } }: VersionConfig): JsonValue {
  return { engine, node, ...(lock && { lock: lock.digest }) };
}

/** Versions by name; a package whose version is the same and whose bytes are not has changed, too. */
function packagesOf({ environment: { packages } }: VersionConfig): ReadonlyMap<string, JsonValue> {
  return new Map(
    packages.map(({ purl, integrity }) => {
      const { name, version } = parsePackageUrl(purl);
      return [name, integrity === undefined ? version : { version, integrity }];
    }),
  );
}

function annotationsOf({ annotations, validation }: VersionConfig): ReadonlyMap<string, string> {
  const policy = validation?.policy?.digest;
  return new Map([...Object.entries(annotations), ...(policy === undefined ? [] : [["policy", policy] as const])]);
}
