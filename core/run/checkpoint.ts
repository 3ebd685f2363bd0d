import { randomBytes } from "node:crypto";
import { open, readdir, readFile, rm, rmdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { canonicalJson } from "../canonical/canonical-json.ts";
import { type Digest, digestFile, digestJson } from "../canonical/digest.ts";
import { DigestSchema } from "../canonical/digest-schema.ts";
import type { JsonValue } from "../canonical/json-value.ts";
import type { Log } from "../contracts/log.ts";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { reasonOf } from "../errors/reason.ts";
import { makeFolders } from "../files/make-folders.ts";
import { flushFolder, system, writeFileAtomically } from "../files/write-atomically.ts";
import { CheckpointGoneError } from "./errors.ts";
import type { StepKey } from "./step-key.ts";

/** What a task has done so far: a value, and files beside it. */
export interface Checkpoint {
  readonly state: JsonValue;
  /** Paths by name. They are read, never changed: what changes is written to a new file. */
  readonly files: Readonly<Record<string, string>>;
}

/** Where a task keeps what it has done so far. See {@link TaskContext.checkpoint}. */
export interface TaskCheckpoint {
  /**
   * What was saved last for the same work: same task, parameters, inputs by digest, twin and engine; `undefined` where
   * nothing was. What is damaged is told to the log, and is as nothing.
   */
  load(options?: { readonly signal?: AbortSignal | undefined }): Promise<Checkpoint | undefined>;
  /**
   * A new path to write a file to that a later {@link save} names. It counts for nothing until then.
   *
   * @param name - What the file is: lower-case letters, digits, dots, dashes; its ending is kept.
   * @throws `TWIN_WRITE_FAILED`
   */
  newFile(name: string): Promise<string>;
  /**
   * Puts this in the place of what was saved before, durable and at once: whoever loads gets the one or the other, whole.
   * Files that were saved before and are not named any more are removed.
   *
   * @param checkpoint - Its files lie where {@link newFile} or {@link load} said.
   * @throws `TWIN_CHECKPOINT_GONE` where a file is there no longer; `TWIN_WRITE_FAILED`; `TWIN_NOT_CANONICAL` for a state
   *   that is no JSON.
   */
  save(checkpoint: Checkpoint): Promise<void>;
}

const POINTER = "checkpoint.json";
const FILE_NAME = /^[a-z0-9][a-z0-9.-]*$/;

const SavedSchema = z.strictObject({
  schemaVersion: z.literal(1),
  key: z.record(z.string(), z.json()),
  state: z.json(),
  files: z.record(
    z.string(),
    z.strictObject({ file: z.string().regex(FILE_NAME), bytes: z.int().min(0), digest: DigestSchema }),
  ),
  digest: DigestSchema,
});

interface SavedFile {
  readonly file: string;
  readonly bytes: number;
  readonly digest: Digest;
}

/**
 * The checkpoint of one step in a folder: `<folder>/<step>/<digest of the key>/`. Processes that do the same work share it
 * without a lock: each writes files under names of its own, and the last to replace `checkpoint.json` wins, whose state
 * is as good as that of the other.
 */
export class StepCheckpoint implements TaskCheckpoint {
  readonly folder: string;
  readonly #key: StepKey;
  readonly #log: Log;
  readonly #writer = randomBytes(6).toString("hex");
  /** By the name in the folder: what is known of files that this process loaded or saved. */
  #saved: ReadonlyMap<string, SavedFile> = new Map();
  #count = 0;

  constructor(place: { readonly folder: string; readonly step: string; readonly key: StepKey; readonly log: Log }) {
    this.#key = place.key;
    this.#log = place.log;
    this.folder = join(place.folder, place.step, digestJson(place.key).slice("sha256:".length));
  }

  async load({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<Checkpoint | undefined> {
    for (let before: string | undefined; ; ) {
      let text: string;
      try {
        text = await readFile(this.#pointer, "utf8");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") await this.#tellOthers();
        else this.#tellDamaged(reasonOf(error));
        return undefined;
      }
      try {
        const { state, files } = await this.#read(text, signal);
        this.#saved = new Map(Object.values(files).map((file) => [file.file, file]));
        this.#log.info({ checkpoint: this.#pointer }, "A checkpoint was found; the task can continue from it.");
        const paths = Object.entries(files).map(([name, { file }]) => [name, join(this.folder, file)]);
        return { state, files: Object.fromEntries(paths) };
      } catch (error) {
        signal?.throwIfAborted();
        // Another process that does the same work may have saved meanwhile, and removed what was named before.
        if (text === before) {
          this.#tellDamaged(reasonOf(error));
          return undefined;
        }
        before = text;
      }
    }
  }

  async newFile(name: string): Promise<string> {
    if (!FILE_NAME.test(name)) {
      throw new InvalidArgumentError(
        `"${name}" is no name of a checkpoint's file: use lower-case letters, digits, dots and dashes.`,
      );
    }
    await system(this.folder, () => makeFolders(this.folder));
    return join(this.folder, `${this.#writer}-${++this.#count}-${name}`);
  }

  async save({ state, files }: Checkpoint): Promise<void> {
    const entries: [string, SavedFile][] = [];
    for (const [name, path] of Object.entries(files)) entries.push([name, await this.#savedFile(path)]);
    const sealed = { schemaVersion: 1, key: this.#key, state, files: Object.fromEntries(entries) };
    const path = this.#pointer;
    // The names of the files reach the disk before what tells of them.
    if (entries.length > 0) await system(path, () => flushFolder(this.folder));
    await writeFileAtomically(path, canonicalJson({ ...sealed, digest: digestJson(sealed) }), { existing: "replace" });
    const before = this.#saved;
    this.#saved = new Map(entries.map(([, file]) => [file.file, file]));
    for (const file of before.keys()) if (!this.#saved.has(file)) await rm(join(this.folder, file), { force: true });
  }

  /** Removes what was saved: the work is done. */
  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
    // The folder of the step stays where it holds other work.
    await rmdir(dirname(this.folder)).catch(() => undefined);
  }

  get #pointer(): string {
    return join(this.folder, POINTER);
  }

  /** A file that was known before is not read again: only that it is there is looked at. */
  async #savedFile(path: string): Promise<SavedFile> {
    const file = path.slice(this.folder.length + 1);
    if (dirname(path) !== this.folder || !FILE_NAME.test(file)) {
      throw new InvalidArgumentError(
        `"${path}" is no file of this checkpoint; write it to a path that \`newFile\` gives.`,
      );
    }
    try {
      const known = this.#saved.get(file);
      if (known !== undefined) {
        await stat(path);
        return known;
      }
      await flushFile(path);
      return { file, ...(await digestFile(path)) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new CheckpointGoneError(path, { cause: error });
      return await system(path, () => Promise.reject(error));
    }
  }

  /** @throws what is wrong with it. */
  async #read(
    text: string,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly state: JsonValue; readonly files: Readonly<Record<string, SavedFile>> }> {
    const saved = SavedSchema.parse(JSON.parse(text));
    const { digest, ...sealed } = saved;
    if (digestJson(sealed) !== digest) throw new Error("its digest does not fit");
    if (canonicalJson(saved.key) !== canonicalJson(this.#key)) throw new Error("it is of other work");
    for (const { file, bytes, digest: expected } of Object.values(saved.files)) {
      const found = await digestFile(join(this.folder, file), { signal });
      if (found.digest !== expected || found.bytes !== bytes) throw new Error(`its file ${file} was changed`);
    }
    return { state: saved.state, files: saved.files };
  }

  #tellDamaged(reason: string): void {
    this.#log.warn({ checkpoint: this.folder, reason }, "A checkpoint cannot be used; the task begins anew.");
  }

  /** Whoever expected to continue learns that there is something, which is of other work. */
  async #tellOthers(): Promise<void> {
    const names = await readdir(dirname(this.folder)).catch(() => []);
    const others = names.filter((name) => name !== this.folder.slice(dirname(this.folder).length + 1));
    if (others.length === 0) return;
    this.#log.warn(
      { checkpoints: dirname(this.folder), others: others.length, key: this.#key },
      "Checkpoints of other work (task, parameters, inputs, twin or engine differ) are not used; the task begins anew.",
    );
  }
}

/** Whether anything was saved under a folder of checkpoints, of whatever step and key. */
export async function hasCheckpoint(folder: string): Promise<boolean> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  return names.some((name) => basename(name) === POINTER);
}

/** What was saved under a folder of checkpoints: states, and digests of files. The same again is no progress. */
export async function savedUnder(folder: string): Promise<JsonValue> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const pointers = names.filter((name) => basename(name) === POINTER).sort();
  return await Promise.all(
    pointers.map(async (name) => {
      const { state, files } = SavedSchema.parse(JSON.parse(await readFile(join(folder, name), "utf8")));
      return { name, state, files: Object.entries(files).map(([file, { digest }]) => [file, digest]) };
    }),
  );
}

async function flushFile(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
