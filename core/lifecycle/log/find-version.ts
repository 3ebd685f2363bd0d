import { describeNames } from "../../errors/nearest-names.ts";
import { VersionNotFoundError } from "./errors.ts";
import type { TwinState, VersionEntry } from "./twin-state.ts";

/** Hexadecimal digits that a shortened digest needs. */
const SHORTEST = 8;

/**
 * The version that a name stands for: `ecal` (the newest that is not withdrawn), `ecal@v7`, `ecal@prod/champion`, or
 * `sha256:` and the first digits of its digest, at least 8.
 *
 * @param states - Of the twins that it can be of.
 * @throws {@link VersionNotFoundError} telling what there is.
 */
export function findVersion(name: string, states: readonly TwinState[]): VersionEntry {
  if (name.startsWith("sha256:")) {
    return byDigest(
      name,
      name,
      states.flatMap(({ versions }) => [...versions.values()]),
    );
  }
  const [twin, version] = splitName(name);
  const state = states.find((each) => each.twin === twin);
  if (state === undefined || state.versions.size === 0) {
    const twins = states.filter(({ versions }) => versions.size > 0).map((each) => each.twin);
    throw new VersionNotFoundError(name, `the store has no twin "${twin}". ${describeNames(twin, twins)}`);
  }
  const entries = [...state.versions.values()];
  if (version === undefined) {
    return (entries.findLast((entry) => entry.state !== "withdrawn") ?? entries.at(-1)) as VersionEntry;
  }
  if (version.startsWith("sha256:")) return byDigest(name, version, entries);
  const number = /^v([1-9]\d*)$/.exec(version)?.[1];
  if (number !== undefined) {
    const entry = entries[Number(number) - 1];
    if (entry) return entry;
    throw new VersionNotFoundError(name, `the newest version of "${twin}" is v${entries.length}.`);
  }
  const digest = state.aliases.get(version);
  if (digest !== undefined) return state.versions.get(digest) as VersionEntry;
  throw new VersionNotFoundError(
    name,
    `it has no alias "${version}". ${state.aliases.size === 0 ? "It has none at all." : describeNames(version, state.aliases.keys())} ${entries.length === 1 ? "Its only version is v1." : `Its versions are v1 to v${entries.length}.`}`,
  );
}

/** `ecal@v7` as `["ecal", "v7"]`. */
export function splitName(name: string): readonly [twin: string, version: string | undefined] {
  const at = name.indexOf("@");
  return at < 0 ? [name, undefined] : [name.slice(0, at), name.slice(at + 1)];
}

function byDigest(name: string, digest: string, entries: readonly VersionEntry[]): VersionEntry {
  const digits = digest.slice("sha256:".length);
  if (!/^[0-9a-f]*$/.test(digits) || digits.length < SHORTEST || digits.length > 64) {
    throw new VersionNotFoundError(name, `after "sha256:" it needs ${SHORTEST} to 64 digits, 0-9 and a-f.`);
  }
  const found = entries.filter((entry) => entry.digest.startsWith(digest));
  const [first] = found;
  if (first === undefined) throw new VersionNotFoundError(name, "no version of the store has that digest.");
  if (found.length === 1) return first;
  if (digits.length === 64) {
    const names = found.map(versionName).join(" and ");
    const problem = `the logs of several twins seal it, as ${names}, and it is of one of them. "twinloom store verify" tells which.`;
    throw new VersionNotFoundError(name, problem);
  }
  const all = found.map((entry) => `${entry.digest} (${versionName(entry)})`);
  throw new VersionNotFoundError(name, `it is the beginning of several: ${all.join(", ")}. Give more digits.`);
}

/** `ecal@v7`. */
export function versionName(entry: Pick<VersionEntry, "twin" | "number">): string {
  return `${entry.twin}@v${entry.number}`;
}
