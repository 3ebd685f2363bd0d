import type { Digest } from "../../canonical/digest.ts";
import { TwinError } from "../../errors/twin-error.ts";
import { readNoted } from "../log/attestations.ts";
import { LogBrokenError } from "../log/errors.ts";
import { folderOfTwin } from "../log/folder-name.ts";
import { ObjectCorruptError, ObjectMissingError } from "../objects/errors.ts";
import type { Change } from "../schema.ts";
import type { TwinStore } from "../store.ts";
import { readVersion } from "../version/manifest.ts";
import { blobFile, repairOf, type StoreFindings, type StoreProblem } from "./findings.ts";
import { type Reference, readManifest, referencesOf, referencesOfManifest } from "./references.ts";
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

class Verification {
  readonly #store: TwinStore;
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
    this.#options = options;
  }

  async run(): Promise<StoreFindings> {
    this.#absent = await this.#store.absent();
    for (const twin of await this.#store.twins()) await this.#readLog(twin);
    await this.#readObjects();
    this.#problems.push(...(await layoutProblems(this.#store, { logsAreSound: this.#problems.length === 0 })));
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
        repair: `Copy the files of events/${folderOfTwin(twin)} from that one on from a copy of this store or from an archive of "twinloom store pack". What is before it is sound.`,
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
      await this.#reading(change.attestation.digest, () => readNoted(objects, change));
    }
  }

  async #readManifest({ digest }: Reference, version: Digest | null): Promise<void> {
    if (this.#readManifests.has(digest)) return;
    this.#readManifests.add(digest);
    await this.#reading(digest, async () => {
      const manifest = await readManifest(this.#store.objects, digest);
      for (const named of referencesOfManifest(manifest)) this.#need(named, version);
    });
  }

  /** Reads a manifest or what it names. What is wrong with it is told. */
  async #reading(digest: Digest, read: () => Promise<unknown>): Promise<void> {
    try {
      await read();
    } catch (error) {
      // What is missing is told when objects are looked at, with all that need it.
      if (error instanceof ObjectMissingError) return;
      if (error instanceof ObjectCorruptError) return this.#corrupt(error.digest, error.quarantinedAt !== undefined);
      if (!(error instanceof TwinError)) throw error;
      this.#tell(digest, {
        severity: "error",
        kind: error.code === "TWIN_READ_FAILED" ? "unreadable" : "damaged",
        problem: error.message,
        repair: `The bytes are those that were sealed, so no other copy helps. Seal the version again, and withdraw ${this.#namesOf(digest).join(", ")}.`,
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
    for (const digest of this.#needs.keys()) if (!all.has(digest)) all.set(digest, 0);
    for (const [digest, bytes] of all) {
      signal?.throwIfAborted();
      await this.#readObject(digest, bytes);
      onProgress?.(this.#bytes, ofBytes);
    }
  }

  async #readObject(digest: Digest, bytes: number): Promise<void> {
    const { objects } = this.#store;
    const { signal } = this.#options;
    try {
      const result = await objects.verify(digest, { signal });
      if (result === "corrupt") return this.#corrupt(digest, (await objects.find(digest)) === undefined);
      if (result === "missing") return this.#missing(digest);
    } catch (error) {
      if (!(error instanceof TwinError)) throw error;
      return this.#tell(digest, {
        severity: "error",
        kind: "unreadable",
        problem: error.message,
        repair: this.#repair(digest),
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
      repair: `Seal the version again, and withdraw ${this.#namesOf(digest).join(", ")}.`,
    });
  }

  #corrupt(digest: Digest, wasMoved: boolean): void {
    const where = wasMoved
      ? `It was moved to quarantine/sha256/${digest.slice(7)}.`
      : "It could not be moved to quarantine.";
    this.#tell(digest, {
      severity: this.#needs.has(digest) ? "error" : "notice",
      kind: "corrupt",
      problem: `Object ${digest} is corrupt: its bytes are not those that its name says. ${where}`,
      repair: this.#repair(digest),
    });
  }

  #missing(digest: Digest): void {
    const versions = this.#needs.get(digest)?.versions;
    // A collector removed it meanwhile.
    if (versions === undefined) return;
    const isLeftOut = [...versions].every((version) => this.#absent.has(version));
    this.#tell(digest, {
      severity: isLeftOut ? "notice" : "error",
      kind: "missing",
      problem: isLeftOut ? `Object ${digest} was left where this store was packed.` : `Object ${digest} is missing.`,
      repair: this.#repair(digest),
    });
  }

  #need({ digest, bytes }: Reference, version: Digest | null): void {
    const need = this.#needs.get(digest) ?? { bytes: new Set(), versions: new Set() };
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
    return repairOf(this.#namesOf(digest));
  }

  #namesOf(digest: Digest): readonly string[] {
    return [...(this.#needs.get(digest)?.versions ?? [])].map((version) => this.#names.get(version) ?? version);
  }
}
