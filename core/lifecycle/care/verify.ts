import type { Digest } from "../../canonical/digest.ts";
import { TwinError } from "../../errors/twin-error.ts";
import { readNoted } from "../log/attestations.ts";
import { LogBrokenError } from "../log/errors.ts";
import { folderOfTwin } from "../log/folder-name.ts";
import { ObjectCorruptError, ObjectMissingError } from "../objects/errors.ts";
import { Quarantine } from "../objects/quarantine.ts";
import type { Change } from "../schema.ts";
import type { TwinStore } from "../store.ts";
import { readVersion } from "../version/manifest.ts";
import { blobFile, type ObjectUse, repairOf, repairOfLog, type StoreFindings, type StoreProblem } from "./findings.ts";
import { type Reference, readManifest, referencesOf } from "./references.ts";
import { layoutProblems } from "./verify-layout.ts";

/** How {@link verifyStore} looks. */
export interface VerifyOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told how many bytes are read, of how many. */
  readonly onProgress?: ((doneBytes: number, ofBytes: number) => void) | undefined;
}

/** An object that is needed. */
interface Need {
  readonly bytes: Set<number>;
  readonly versions: Set<Digest>;
  /** `"file"` where it is one of a version, whatever else it is. */
  use: ObjectUse;
}

/**
 * Reads everything in a store and tells everything that is wrong with it, each with what needs it and how to repair it.
 * If the store can be written, corrupt objects are put in quarantine, those in quarantine that are sound and needed are taken
 * back, and index.json is brought up to date; nothing else is changed. Memory grows with the number of objects, not with
 * their size.
 *
 * @throws The signal's reason. What cannot be read is found, not thrown.
 */
export async function verifyStore(store: TwinStore, options: VerifyOptions = {}): Promise<StoreFindings> {
  return await new Verification(store, options).run();
}

const UNALTERED = "The bytes are those that were written, so no other copy helps.";
const LOOK_AT_DISK = "Look at the disk and its permissions, and verify again.";

class Verification {
  readonly #store: TwinStore;
  readonly #quarantine: Quarantine;
  readonly #options: VerifyOptions;
  readonly #problems: StoreProblem[] = [];
  readonly #needs = new Map<Digest, Need>();
  /** `ecal@v7` by digest. */
  readonly #names = new Map<Digest, string>();
  readonly #told = new Set<Digest>();
  readonly #readManifests = new Set<Digest>();
  #absent: ReadonlySet<Digest> = new Set();
  #events = 0;
  #objects = 0;
  #bytes = 0;

  constructor(store: TwinStore, options: VerifyOptions) {
    this.#store = store;
    this.#quarantine = new Quarantine(store.folder, store.fs);
    this.#options = options;
  }

  async run(): Promise<StoreFindings> {
    this.#absent = await this.#store.absent();
    for (const twin of await this.#store.twins()) await this.#readLog(twin);
    await this.#readObjects();
    await this.#readQuarantine();
    this.#problems.push(
      ...(await layoutProblems(this.#store, {
        logsAreSound: this.#problems.every(({ kind }) => kind !== "log" && kind !== "unreadable"),
      })),
    );
    return {
      sound: this.#problems.every(({ severity }) => severity === "notice"),
      problems: this.#problems,
      checked: { events: this.#events, versions: this.#names.size, objects: this.#objects, bytes: this.#bytes },
    };
  }

  async #readLog(twin: string): Promise<void> {
    try {
      for await (const { change } of this.#store.log(twin).events()) {
        this.#options.signal?.throwIfAborted();
        this.#events++;
        if (change.type === "sealed") this.#names.set(change.version.digest, `${twin}@v${change.number}`);
        await this.#readReferences(twin, change);
      }
    } catch (error) {
      if (!(error instanceof TwinError)) throw error;
      this.#problems.push({
        severity: "error",
        kind: error instanceof LogBrokenError ? "log" : "unreadable",
        file: error instanceof LogBrokenError ? error.file : `events/${folderOfTwin(twin)}`,
        versions: [],
        problem: error.message,
        repair: error instanceof LogBrokenError ? repairOfLog(twin, error.file) : LOOK_AT_DISK,
      });
    }
  }

  async #readReferences(twin: string, change: Change): Promise<void> {
    const { objects } = this.#store;
    const { version, references } = referencesOf(change);
    for (const reference of references) {
      this.#need(reference, version);
      if (reference.is !== "blob") await this.#readManifest(reference, version);
    }
    if (change.type === "sealed") {
      await this.#reading(change.version.digest, () => readVersion(objects, change.version.digest, twin));
    } else if (change.type === "attested") {
      await this.#reading(
        change.attestation.digest,
        () => readNoted(objects, change.version, { ...change, descriptor: change.attestation }),
        true,
      );
    }
  }

  async #readManifest({ digest, is }: Reference, version: Digest | null): Promise<void> {
    if (this.#readManifests.has(digest)) return;
    this.#readManifests.add(digest);
    await this.#reading(digest, async () => {
      const manifest = await readManifest(this.#store.objects, digest);
      const { config, layers } = manifest;
      const isVersion = is === "version";
      for (const { digest, size } of [config, ...layers]) {
        const use = isVersion && digest !== config.digest ? "file" : "record";
        this.#need({ digest, bytes: size, is: "blob" }, version, use);
      }
    });
  }

  /** Reads a manifest or what it names. What is wrong with it is told. */
  async #reading(digest: Digest, read: () => Promise<unknown>, isEvidence = false): Promise<void> {
    try {
      await read();
    } catch (error) {
      // What is missing is told when objects are looked at, with all that need it.
      if (error instanceof ObjectMissingError) return;
      if (error instanceof ObjectCorruptError) return error.isSoundNow ? undefined : await this.#corrupt(error.digest);
      if (!(error instanceof TwinError)) throw error;
      const isUnread = error.code === "TWIN_READ_FAILED";
      this.#tell(digest, {
        severity: "error",
        kind: isUnread ? "unreadable" : "damaged",
        problem: error.message,
        repair: isUnread ? LOOK_AT_DISK : `${UNALTERED} ${this.#insteadOf(digest, isEvidence)}`,
      });
    }
  }

  async #readObjects(): Promise<void> {
    const { objects } = this.#store;
    const { signal, onProgress } = this.#options;
    const all = new Map<Digest, number>();
    let ofBytes = 0;
    for await (const { digest, bytes } of objects.list({ signal })) {
      all.set(digest, bytes);
      ofBytes += bytes;
    }
    // One that is not listed may come back from quarantine when it is looked for.
    for (const digest of this.#needs.keys()) {
      if (!all.has(digest)) all.set(digest, (await objects.find(digest))?.bytes ?? 0);
    }
    for (const [digest, bytes] of all) {
      signal?.throwIfAborted();
      await this.#readObject(digest, bytes, ofBytes);
      onProgress?.(this.#bytes, ofBytes);
    }
  }

  async #readObject(digest: Digest, bytes: number, ofBytes: number): Promise<void> {
    const { objects } = this.#store;
    const { signal, onProgress } = this.#options;
    try {
      const result = await objects.verify(digest, {
        signal,
        onProgress: (done) => onProgress?.(this.#bytes + Math.min(done, bytes), ofBytes),
      });
      if (result === "corrupt") return await this.#corrupt(digest);
      if (result === "missing") return await this.#missing(digest);
    } catch (error) {
      if (!(error instanceof TwinError)) throw error;
      return this.#tell(digest, {
        severity: "error",
        kind: "unreadable",
        problem: error.message,
        repair: LOOK_AT_DISK,
      });
    }
    this.#objects++;
    this.#bytes += bytes;
    const wrong = [...(this.#needs.get(digest)?.bytes ?? [])].find((told) => told !== bytes);
    if (wrong === undefined) return;
    this.#tell(digest, {
      severity: "error",
      kind: "damaged",
      problem: `Object ${digest} has ${bytes} bytes, and what names it says ${wrong}.`,
      repair: this.#insteadOf(digest, this.#needs.get(digest)?.use === "record"),
    });
  }

  /** What helps where the bytes were wrong from the first. Content that is sealed again under a sound manifest is new. */
  #insteadOf(digest: Digest, isEvidence: boolean): string {
    const names = this.#namesOf(digest).join(", ");
    return isEvidence
      ? `No gate opens for ${names} with it: seal a version that differs, if only in its description, attest that one, and withdraw ${names}.`
      : `Seal the version again, and withdraw ${names}.`;
  }

  async #corrupt(digest: Digest): Promise<void> {
    const aside = await this.#asideOf(digest);
    const isThere = (await this.#store.objects.find(digest)) !== undefined;
    const where = isThere || aside === undefined ? "It could not be moved to quarantine." : `It was moved to ${aside}.`;
    this.#tell(digest, {
      severity: this.#needs.has(digest) ? "error" : "notice",
      kind: "corrupt",
      problem: `Object ${digest} is corrupt: its bytes are not those that its name says. ${where}`,
      repair: this.#repair(digest),
    });
  }

  async #missing(digest: Digest): Promise<void> {
    const versions = this.#needs.get(digest)?.versions;
    // A collector removed it meanwhile.
    if (versions === undefined) return;
    const isLeftOut = [...versions].every((version) => this.#absent.has(version));
    const aside = await this.#asideOf(digest);
    const bytes = aside === undefined ? "" : ` Corrupt bytes of it are kept in ${aside}.`;
    this.#tell(digest, {
      severity: isLeftOut ? "notice" : "error",
      kind: "missing",
      problem: `Object ${digest} ${isLeftOut ? "was left where this store was packed" : "is missing"}.${bytes}`,
      repair: this.#repair(digest),
    });
  }

  /** Where corrupt bytes of an object are, as a path in the store. */
  async #asideOf(digest: Digest): Promise<string | undefined> {
    return (await this.#quarantine.list()).find((file) => file.digest === digest)?.name;
  }

  /** What lies in quarantine although nothing is wrong any more: it is told, or nobody would clear it away. */
  async #readQuarantine(): Promise<void> {
    for (const { digest, name } of await this.#quarantine.list()) {
      if (this.#told.has(digest)) continue;
      this.#problems.push({
        severity: "notice",
        kind: "quarantined",
        digest,
        file: name,
        versions: this.#namesOf(digest),
        problem: `"${name}" holds corrupt bytes that were object ${digest}; ${this.#needs.has(digest) ? "that is sound again" : "nothing needs it"}.`,
        repair: "Look what happened to it, if you like, and remove it.",
      });
    }
  }

  #need({ digest, bytes }: Reference, version: Digest | null, use: ObjectUse = "record"): void {
    const need = this.#needs.get(digest) ?? { bytes: new Set(), versions: new Set(), use };
    if (use === "file") need.use = use;
    if (bytes !== undefined) need.bytes.add(bytes);
    if (version !== null) need.versions.add(version);
    this.#needs.set(digest, need);
  }

  /** Once for each object. */
  #tell(digest: Digest, problem: Pick<StoreProblem, "severity" | "kind" | "problem" | "repair">): void {
    if (this.#told.has(digest)) return;
    this.#told.add(digest);
    this.#problems.push({ ...problem, digest, file: blobFile(digest), versions: this.#namesOf(digest) });
  }

  #repair(digest: Digest): string {
    return repairOf(this.#namesOf(digest), this.#needs.get(digest)?.use ?? "record");
  }

  #namesOf(digest: Digest): readonly string[] {
    return [...(this.#needs.get(digest)?.versions ?? [])].map((version) => this.#names.get(version) ?? version);
  }
}
