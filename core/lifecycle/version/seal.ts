import type { Composition } from "../../kernel/composition.ts";
import { licenseUrl } from "../license.ts";
import { checkAliasName } from "../log/alias-name.ts";
import { checkReason } from "../log/move-alias.ts";
import { readPolicy } from "../log/policy.ts";
import type { VersionEntry } from "../log/twin-state.ts";
import { MEDIA_TYPES } from "../media-types.ts";
import type { Pin } from "../pins.ts";
import type { Descriptor, VersionConfig } from "../schema.ts";
import type { TwinStore } from "../store.ts";
import { collectContent } from "./collect.ts";
import { descriptorOf } from "./keep-files.ts";
import { writeVersion } from "./manifest.ts";
import { chooseParents, inheritedGate, knownVersion } from "./parents.ts";

/** How {@link sealVersion} seals. */
export interface SealOptions {
  /** Why there is this version; for the log. */
  readonly reason?: string | null | undefined;
  /** Who seals it; for the log. The store's actor by default. */
  readonly actor?: string | undefined;
  /** Put on the version: `champion`. */
  readonly alias?: string | undefined;
  /**
   * Versions that this one comes from. By default the one that the folder of the twin.yaml was restored from, or else the
   * newest of this twin, as `revision`.
   */
  readonly parents?: VersionConfig["parents"] | undefined;
  /** More, as texts: a licence (SPDX), a description. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /**
   * The fidelity gate that the version must pass to be validated or released: the YAML text of a policy. By default that of
   * the version of this twin that it comes from, if that has one: a gate is not lost by leaving it out.
   */
  readonly policy?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told how many bytes of files are kept, of how many. */
  readonly onProgress?: ((doneBytes: number, ofBytes: number) => void) | undefined;
}

/** What {@link sealVersion} did. */
export interface SealResult {
  readonly entry: VersionEntry;
  /** False when the store had this version before. */
  readonly isNew: boolean;
  /** What somebody should know: of what is kept (a diff), and of what could not be. */
  readonly notes: readonly string[];
}

/**
 * Seals a twin: keeps everything that it is made of in a store, and gives it a number. What is equal gets an equal digest,
 * on every machine, in every folder and at any time; sealing it again changes nothing.
 *
 * Kept are the twin.yaml that says the same as the composition, all files that it names, models with their cards, plugins
 * that are no packages with what they import, the lock file, the commit of git and what differs from it. Packages are
 * named, not kept.
 *
 * @throws `TWIN_SPEC_NOT_EXPORTABLE` for a composition that no twin.yaml can hold; {@link NotSealableError} when parts of
 *   it could not be brought together elsewhere; `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE`; `TWIN_ARTIFACT_CHANGED` for
 *   a file that has not the digest stated; `TWIN_POLICY_INVALID`;
 *   `TWIN_INVALID_ARGUMENT` for an alias that none can be, or that is on another version, without a reason, and for a
 *   licence that is neither SPDX nor a URL; `TWIN_WRITE_FAILED`. Then the store has no new version.
 *
 * @example
 * const { entry } = await sealVersion(store, await loadSpec("twin.yaml"), { reason: "new weights" });
 * entry.number; // => 7
 */
export async function sealVersion(
  store: TwinStore,
  composition: Composition,
  options: SealOptions = {},
): Promise<SealResult> {
  const { reason, actor, alias, signal, onProgress } = options;
  signal?.throwIfAborted();
  if (alias !== undefined) checkAliasName(alias);
  const license = options.annotations?.["license"];
  if (license !== undefined) licenseUrl(license);
  await using pin = await store.pin();
  const { config: content, folder, notes } = await collectContent(store.objects, composition, { signal, onProgress });
  const policy = options.policy === undefined ? undefined : await keepPolicy(store, options.policy);
  const made = { content: { ...content, annotations: { ...options.annotations } }, policy, folder, pin };
  let sealed: SealResult | undefined;
  // Where somebody seals meanwhile: perhaps the very same, or what this one then comes from.
  do sealed = await enter(store, made, options);
  while (sealed === undefined);
  let { entry } = sealed;
  if (alias !== undefined) {
    entry = (await store.moveAlias(`${entry.twin}@${alias}`, entry.digest, { reason, actor, signal })) ?? entry;
  }
  return { entry, isNew: sealed.isNew, notes: [...notes, ...sealed.notes] };
}

interface Made {
  readonly content: VersionConfig;
  /** That was given. */
  readonly policy: Descriptor | undefined;
  readonly folder: string;
  readonly pin: Pin;
}

/** Enters a version into the log, if it has none of this content; `undefined` where other versions came while it decided. */
async function enter(
  store: TwinStore,
  { content, policy: given, folder, pin }: Made,
  options: Pick<SealOptions, "alias" | "reason" | "actor" | "signal" | "parents">,
): Promise<SealResult | undefined> {
  const { alias, reason, actor, signal } = options;
  signal?.throwIfAborted();
  const log = store.log(content.twin);
  const seen = (await log.read()).versions.size;
  const parents = options.parents ?? (await chooseParents(store, content.twin, folder));
  const gate = given === undefined ? await inheritedGate(store, content.twin, parents) : undefined;
  const policy = given ?? gate?.policy;
  const config = { ...content, ...(policy && { validation: { policy } }) };
  const policyIsGiven = given !== undefined;
  const known =
    options.parents === undefined ? await knownVersion(store, config, { folder, signal, policyIsGiven }) : undefined;
  if (known !== undefined) {
    // Its writer may have been stopped before it was durable.
    await log.settle();
    return { entry: known, isNew: false, notes: [] };
  }
  const { descriptor } = await writeVersion(store.objects, { ...config, parents: [...parents] });
  let isLate = false;
  const appended = await log.append(
    async (state) => {
      const { versions } = state;
      isLate = options.parents === undefined && versions.size !== seen;
      if (isLate) return undefined;
      // Now, as there would be a version without its alias. Not before: for a version that is known, it need not move.
      if (alias !== undefined) checkReason(state, alias, reason);
      await pin.check();
      if (versions.has(descriptor.digest)) return undefined;
      return { type: "sealed", version: descriptor, number: versions.size + 1 };
    },
    { reason, actor, signal },
  );
  if (isLate) return undefined;
  const isNew = appended !== undefined;
  const entry = (await log.read()).versions.get(descriptor.digest) as VersionEntry;
  return { entry, isNew, notes: isNew && gate ? [`It has the policy of ${gate.of}, as no other was given.`] : [] };
}

async function keepPolicy({ objects }: TwinStore, text: string): Promise<Descriptor> {
  await readPolicy(text, "policy");
  return descriptorOf(MEDIA_TYPES.policy, await objects.put(text));
}
