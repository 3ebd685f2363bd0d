import { dirname, join, resolve } from "node:path";
import { canonicalJson } from "../../canonical/canonical-json.ts";
import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { FileNotFoundError } from "../../files/errors.ts";
import { isFile } from "../../files/is-file.ts";
import { parseRunRecord, RECORD_FILE, type RunRecord, readRunRecord } from "../../run/run-record.ts";
import { VersionNotFoundError } from "../log/errors.ts";
import { versionName } from "../log/find-version.ts";
import type { VersionEntry } from "../log/twin-state.ts";
import { MEDIA_TYPES } from "../media-types.ts";
import type { Descriptor } from "../schema.ts";
import type { TwinStore } from "../store.ts";

/** A run that was made earlier. */
export interface FoundRun {
  readonly record: RunRecord;
  /** Absolute path of its folder; `undefined` where only its record is kept. */
  readonly folder: string | undefined;
}

/**
 * Finds a run.
 *
 * @param target - The folder of a run, its `run.json`, the id of a run in the store, or a version in the store: then its
 *   newest run that succeeded, or else its newest.
 * @throws `TWIN_RUN_RECORD_DAMAGED`; `TWIN_FILE_NOT_FOUND` for what is neither, without a store; `TWIN_VERSION_NOT_FOUND`;
 *   `TWIN_INVALID_ARGUMENT` for a version that has no run.
 */
export async function findRun(target: string, store: TwinStore | undefined): Promise<FoundRun> {
  const found = await findRunFolder(target);
  if (found !== undefined) return found;
  if (store === undefined) throw new FileNotFoundError(join(target, RECORD_FILE));
  const record = (await runOfId(store, target)) ?? (await newestRun(store, await resolveVersion(store, target)));
  return { record, folder: undefined };
}

/** As `run.json` and the log have it: a UUID. */
const RUN_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

async function runOfId(store: TwinStore, id: string): Promise<RunRecord | undefined> {
  if (!RUN_ID.test(id)) return undefined;
  for (const twin of await store.twins()) {
    const { runs } = await store.log(twin).read();
    const found = [...runs.values()].flat().find((run) => run.id === id);
    if (found !== undefined) return await keptRecord(store, found);
  }
  return undefined;
}

async function keptRecord(
  store: TwinStore,
  { id, descriptor }: { readonly id: string; readonly descriptor: Descriptor },
): Promise<RunRecord> {
  const text = Buffer.from(await store.objects.get(descriptor.digest)).toString();
  return parseRunRecord(text, `of run ${id} in the store`);
}

/** The version of a name that is no folder of a run. @throws `TWIN_VERSION_NOT_FOUND` */
export async function resolveVersion(store: TwinStore, target: string): Promise<VersionEntry> {
  try {
    return await store.resolve(target);
  } catch (error) {
    if (!(error instanceof VersionNotFoundError)) throw error;
    throw new VersionNotFoundError(target, `${error.problem} Nor is there a folder of that name with a run in it.`);
  }
}

/** The run of a folder, or of its `run.json`; `undefined` where there is none. @throws `TWIN_RUN_RECORD_DAMAGED` */
export async function findRunFolder(
  target: string,
): Promise<{ readonly record: RunRecord; readonly folder: string } | undefined> {
  for (const path of [join(target, RECORD_FILE), target]) {
    if (await isFile(path)) return { record: await readRunRecord(path), folder: resolve(dirname(path)) };
  }
  return undefined;
}

async function newestRun(store: TwinStore, entry: VersionEntry): Promise<RunRecord> {
  const { runs } = await store.log(entry.twin).read();
  let newest: RunRecord | undefined;
  for (const run of [...(runs.get(entry.digest) ?? [])].reverse()) {
    const record = await keptRecord(store, run);
    if (record.state === "succeeded") return record;
    newest ??= record;
  }
  if (newest !== undefined) return newest;
  throw new InvalidArgumentError(
    `The store has no run of ${versionName(entry)}. Run it and keep the record, or give the folder of a run.`,
  );
}

/**
 * Keeps the record of a run in a store, and notes it in the log of its twin: `rerun` finds it by the version. The outputs
 * stay where they are.
 *
 * @returns Descriptor of the record. Keeping it again changes nothing.
 * @throws `TWIN_INVALID_ARGUMENT` for a run of no version; `TWIN_VERSION_NOT_FOUND`, `TWIN_WRITE_FAILED`.
 */
export async function keepRun(store: TwinStore, record: RunRecord): Promise<Descriptor> {
  if (record.version === undefined) {
    throw new InvalidArgumentError(
      `Run ${record.id} names no version, so a store cannot keep it. Seal the twin first.`,
    );
  }
  const { digest: version, twin } = await store.resolve(record.version);
  await using pin = await store.pin();
  const { digest, bytes } = await store.objects.put(canonicalJson(record));
  await store.objects.flush();
  const run: Descriptor = { mediaType: MEDIA_TYPES.run, digest, size: bytes };
  await store.log(twin).append(async ({ runs }) => {
    await pin.check();
    const isKnown = runs.get(version)?.some(({ descriptor }) => descriptor.digest === digest);
    return isKnown ? undefined : { type: "ran", version, run, id: record.id };
  });
  return run;
}
