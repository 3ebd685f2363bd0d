import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { canonicalJson } from "../canonical/canonical-json.ts";
import type { Digest } from "../canonical/digest.ts";
import type { Clock } from "../contracts/clock.ts";
import type { ObjectStore } from "../contracts/object-store.ts";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { replaceFile } from "./fs/publish.ts";
import { type StoreFs, systemCode } from "./fs/store-fs.ts";
import { EventIndex } from "./index/event-index.ts";
import { networkFileSystem } from "./index/network-file-system.ts";
import { openStoreFolder, type Publishing, STORE_NAMES, type StoreFolder } from "./layout.ts";
import { writeAttestation } from "./log/attestations.ts";
import { decideState, isGated } from "./log/change-state.ts";
import { type AppendOptions, EventLog } from "./log/event-log.ts";
import { findVersion, splitName, versionName } from "./log/find-version.ts";
import { twinOfFolder } from "./log/folder-name.ts";
import { checkGate, type GateCheck } from "./log/gate.ts";
import { keepPolicies, readEvidence, readPolicies } from "./log/judging.ts";
import { type AliasTarget, decideMove, versionBefore } from "./log/move-alias.ts";
import type { TwinState, VersionEntry } from "./log/twin-state.ts";
import { FileObjects } from "./objects/file-objects.ts";
import { type OciIndex, ociIndex } from "./oci-index.ts";
import { type LivePin, livePins, type Pin, pinStore } from "./pins.ts";
import type { Attestation, Descriptor, VersionState } from "./schema.ts";

/** How {@link openStore} opens. */
export interface OpenStoreOptions {
  /** Whether a store is made where there is none. */
  readonly create?: boolean | undefined;
  readonly fs?: StoreFs | undefined;
  /** Who writes: `user@host` by default. */
  readonly actor?: string | undefined;
  /** For the times that events carry; nothing is decided by them. */
  readonly clock?: Clock | undefined;
  /** Whether copies of the events are kept in index.sqlite for faster reading; by default where the store is on disk. */
  readonly index?: boolean | undefined;
  /** Told once of each store whose index does without a write-ahead log, because it is on a network file system. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** By what a version is judged. */
export interface GateOptions {
  /** Text of a policy, YAML; beside the one that was sealed with the version. */
  readonly policy?: string | undefined;
}

/** Logs that are read at the same time. */
const AT_ONCE = 16;

/** A version and the twin whose log it is in. */
interface Found {
  readonly entry: VersionEntry;
  readonly log: EventLog;
}

/**
 * Opens a store of versions.
 *
 * @throws `TWIN_STORE_NOT_FOUND`, `TWIN_WRITE_FAILED`
 *
 * @example
 * await using store = await openStore(".twinloom");
 * const champion = await store.resolve("ecal@champion");
 */
export async function openStore(folder: string, options: OpenStoreOptions = {}): Promise<TwinStore> {
  return new TwinStore(await openStoreFolder(folder, options), options);
}

/** Versions of twins, their names and the evidence about them, in a folder of plain files. */
export class TwinStore implements AsyncDisposable {
  /** Absolute path. */
  readonly folder: string;
  readonly writable: boolean;
  /** How events get their numbers here. */
  readonly publishing: Publishing;
  readonly fs: StoreFs;
  readonly clock: Clock;
  readonly objects: ObjectStore;
  readonly #actor: string;
  readonly #index: EventIndex | undefined;
  readonly #logs = new Map<string, EventLog>();
  #appended = 0;

  constructor(folder: StoreFolder, options: Omit<OpenStoreOptions, "create"> = {}) {
    this.folder = folder.path;
    this.writable = folder.writable;
    this.publishing = folder.events;
    this.fs = folder.fs;
    this.clock = options.clock ?? { now: () => Date.now() };
    this.objects = new FileObjects(folder.path, folder.fs);
    this.#actor = options.actor ?? `${thisUser()}@${hostname()}`;
    const { index = options.fs === undefined, onWarning } = options;
    // A store of a newer format is left as it is.
    if (!index || !folder.writable) return;
    this.#index = new EventIndex(join(folder.path, STORE_NAMES.sqlite), {
      network: networkFileSystem(folder.path),
      onNetwork: (type) =>
        onWarning?.(
          `The index of the store "${folder.path}" is on a network file system (${type}): it does without a write-ahead log, and is slower.`,
        ),
    });
  }

  /** Names of the twins that have a log, sorted. */
  async twins(): Promise<readonly string[]> {
    try {
      const entries = await this.fs.list(join(this.folder, STORE_NAMES.events));
      const folders = entries.filter(({ kind }) => kind === "folder");
      const names = folders.map(({ name }) => twinOfFolder(name)).filter((twin) => twin !== undefined);
      return names.sort((a, b) => (a < b ? -1 : 1));
    } catch (error) {
      if (systemCode(error) === "ENOENT") return [];
      throw error;
    }
  }

  /** The log of a twin; it may have no event yet. @throws `TWIN_INVALID_ARGUMENT` for a name that no twin can have here. */
  log(twin: string): EventLog {
    let log = this.#logs.get(twin);
    if (log === undefined) {
      log = new EventLog(twin, {
        store: this.folder,
        fs: this.fs,
        clock: this.clock,
        actor: this.#actor,
        isNewer: !this.writable,
        by: this.publishing,
        cache: this.#index,
        onAppended: () => {
          this.#appended++;
        },
      });
      this.#logs.set(twin, log);
    }
    return log;
  }

  /** What the log of a twin, or of each twin, adds up to. @throws `TWIN_LOG_BROKEN` */
  async states(twin?: string): Promise<readonly TwinState[]> {
    const names = twin === undefined ? await this.twins() : [twin];
    const states: TwinState[] = [];
    for (let from = 0; from < names.length; from += AT_ONCE) {
      const some = names.slice(from, from + AT_ONCE).map((name) => this.log(name).read());
      states.push(...(await Promise.all(some)));
    }
    return states;
  }

  /** Versions of a twin, or of each twin, in the order of their numbers. @throws `TWIN_LOG_BROKEN` */
  async list(twin?: string): Promise<readonly VersionEntry[]> {
    return (await this.states(twin)).flatMap(({ versions }) => [...versions.values()]);
  }

  /**
   * The version that a name stands for: `ecal` (the newest that is not withdrawn), `ecal@v7`, `ecal@prod/champion`,
   * `sha256:` and at least 8 digits.
   *
   * @throws `TWIN_VERSION_NOT_FOUND` telling what there is.
   */
  async resolve(name: string): Promise<VersionEntry> {
    return (await this.#find(name)).entry;
  }

  /**
   * Puts an alias on a version, or takes it away.
   *
   * @param name - `ecal@champion`.
   * @param to - A name of a version of the same twin; `null` takes the alias away.
   * @param options - `expected`: the digest that it must be on, `null` for a new alias; by default where it is when this is
   *   called. `reason`: needed where the alias is on another version.
   * @returns The version that it is on.
   * @throws `TWIN_ALIAS_MOVED` when it is elsewhere; `TWIN_INVALID_ARGUMENT` for a withdrawn version, a name that no alias
   *   can have, a version of another twin, or without a reason where one is needed; `TWIN_VERSION_NOT_FOUND`.
   */
  async moveAlias(
    name: string,
    to: string | null,
    options: AppendOptions & { readonly expected?: Digest | null | undefined } = {},
  ): Promise<VersionEntry | undefined> {
    const [twin, alias = ""] = splitName(name);
    const entry = to === null ? undefined : await this.resolve(to);
    if (entry && entry.twin !== twin) {
      throw new InvalidArgumentError(`${name} cannot be put on ${versionName(entry)}, a version of another twin.`);
    }
    const log = this.log(twin);
    return await this.#move(log, { state: await log.read(), alias, to: entry?.digest ?? null }, options);
  }

  /** Puts an alias back on the version that it was on before. @throws as {@link moveAlias} does. */
  async rollBackAlias(name: string, options: AppendOptions): Promise<VersionEntry> {
    const [twin, alias = ""] = splitName(name);
    const log = this.log(twin);
    const state = await log.read();
    const to = versionBefore(state, alias);
    return (await this.#move(log, { state, alias, to, isRollback: true }, options)) as VersionEntry;
  }

  /**
   * What is shown of a version, and what is not, for a state that needs evidence. Changes nothing.
   *
   * @throws `TWIN_VERSION_NOT_FOUND`, `TWIN_POLICY_INVALID`; `TWIN_ATTESTATION_INVALID`, `TWIN_OBJECT_MISSING` and
   *   `TWIN_OBJECT_CORRUPT` for evidence that cannot be read.
   */
  async gate(name: string, to: "validated" | "released", options: GateOptions = {}): Promise<readonly GateCheck[]> {
    const { entry, log } = await this.#find(name);
    return checkGate(
      to,
      await readEvidence(this.objects, await log.read(), entry.digest),
      await readPolicies(this.objects, entry, options.policy),
    );
  }

  /**
   * Changes how far the evidence of a version goes. `validated` and `released` need what the policies demand: that which
   * was sealed with the version, and the one given.
   *
   * @returns The version as it is then.
   * @throws `TWIN_STATE_REFUSED` telling what is allowed from here, or everything that is missing; as {@link gate} does.
   */
  async changeState(name: string, to: VersionState, options: AppendOptions & GateOptions = {}): Promise<VersionEntry> {
    const { entry, log } = await this.#find(name);
    const policies = isGated(to) ? await readPolicies(this.objects, entry, options.policy) : [];
    await using pin = await this.pin();
    await log.append(async (state) => {
      const now = state.versions.get(entry.digest) as VersionEntry;
      const checks = isGated(to) ? checkGate(to, await readEvidence(this.objects, state, entry.digest), policies) : [];
      const change = decideState(now, to, { reason: options.reason ?? null, checks });
      const kept = await keepPolicies(this.objects, policies);
      await pin.check();
      return { ...change, policies: kept };
    }, options);
    return (await log.read()).versions.get(entry.digest) as VersionEntry;
  }

  /** Writes a comment on a version into the log. @throws `TWIN_VERSION_NOT_FOUND`; `TWIN_INVALID_ARGUMENT` for a blank one. */
  async comment(name: string, text: string, options: AppendOptions = {}): Promise<void> {
    if (text.trim() === "") throw new InvalidArgumentError(`A comment on ${name} needs a text.`);
    const { entry, log } = await this.#find(name);
    await log.append(() => ({ type: "commented", version: entry.digest, text }), options);
  }

  /**
   * Adds evidence about a version, which stays as it is.
   *
   * @returns The manifest of the attestation. Adding the same twice running changes nothing; after other evidence it is the
   *   newest again, and the newest counts.
   * @throws `TWIN_VERSION_NOT_FOUND`, `TWIN_ATTESTATION_INVALID`, `TWIN_WRITE_FAILED`
   */
  async attest(name: string, attestation: Attestation, options: AppendOptions = {}): Promise<Descriptor> {
    const { entry, log } = await this.#find(name);
    await using pin = await this.pin();
    const descriptor = await writeAttestation(this.objects, entry.descriptor, attestation);
    await log.append(async ({ attestations }) => {
      await pin.check();
      const newest = attestations.get(entry.digest)?.at(-1);
      const { kind, verdict } = attestation;
      if (newest?.descriptor.digest === descriptor.digest) return undefined;
      return { type: "attested", version: entry.digest, attestation: descriptor, kind, verdict };
    }, options);
    return descriptor;
  }

  /** Says that this process writes: nothing that is stored from now on is collected until it is disposed of. */
  async pin(): Promise<Pin> {
    return await pinStore(this.folder, { fs: this.fs, clock: this.clock });
  }

  /** Writers that live, for a collector. */
  async livePins(): Promise<readonly LivePin[]> {
    return await livePins(this.folder, { fs: this.fs, clock: this.clock });
  }

  /** Versions that the logs name and whose objects were left where the store was packed. */
  async absent(): Promise<ReadonlySet<Digest>> {
    try {
      const entries = await this.fs.list(join(this.folder, STORE_NAMES.absent));
      const marks = entries.filter(({ name }) => /^[0-9a-f]{64}$/.test(name));
      return new Set(marks.map(({ name }): Digest => `sha256:${name}`));
    } catch (error) {
      if (systemCode(error) === "ENOENT") return new Set();
      throw error;
    }
  }

  /** What index.json should be: the manifests that are here, for registry tools. @throws `TWIN_LOG_BROKEN` */
  async ociIndex(): Promise<OciIndex> {
    const absent = await this.absent();
    const index = ociIndex(await this.states());
    if (absent.size === 0) return index;
    const manifests: Descriptor[] = [];
    for (const each of index.manifests) if (await this.objects.find(each.digest)) manifests.push(each);
    return { ...index, manifests };
  }

  /**
   * Brings index.json up to date. It is derived from the logs, so that a failure is no failure of what was written: the next
   * writer that closes the store writes it anew, and so does `verify`.
   */
  async writeOciIndex(): Promise<void> {
    try {
      const text = canonicalJson(await this.ociIndex());
      await replaceFile(this.fs, join(this.folder, STORE_NAMES.ociIndex), text);
      this.#appended = 0;
    } catch {
      // As said.
    }
  }

  /** Writes index.json if something was appended, and lets go of index.sqlite; the store can be opened again. */
  async close(): Promise<void> {
    if (this.#appended > 0) await this.writeOciIndex();
    this.#index?.close();
  }

  /** {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #find(name: string): Promise<Found> {
    const [twin] = splitName(name);
    const known = await this.twins();
    // One log is enough to find a version in; for what is not found, all names are told.
    const entry = findVersion(name, await this.states(known.includes(twin) ? twin : undefined));
    return { entry, log: this.log(entry.twin) };
  }

  async #move(
    log: EventLog,
    move: Pick<AliasTarget, "alias" | "to" | "isRollback"> & { readonly state: TwinState },
    options: AppendOptions & { readonly expected?: Digest | null | undefined },
  ): Promise<VersionEntry | undefined> {
    const { state, alias, to, isRollback } = move;
    const { expected = state.aliases.get(alias) ?? null, reason = null } = options;
    await log.append((now) => decideMove(now, { alias, to, expected, reason, isRollback }), options);
    return to === null ? undefined : (await log.read()).versions.get(to);
  }
}

/** The name of the user; in a container it may have none but a number. */
function thisUser(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "unknown");
  }
}
