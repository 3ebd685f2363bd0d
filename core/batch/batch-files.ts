import { dirname } from "node:path";
import type { z } from "zod";
import { canonicalJson } from "../canonical/canonical-json.ts";
import { checkSchema } from "../errors/check-schema.ts";
import { ReadFailedError, WriteFailedError } from "../files/errors.ts";
import { writing } from "../lifecycle/fs/failures.ts";
import { isSame, makeStoreFolder, NO_LINKS, removeIfThere, writeTemporary } from "../lifecycle/fs/publish.ts";
import { type StoreFs, systemCode } from "../lifecycle/fs/store-fs.ts";
import { BatchDamagedError } from "./errors.ts";

/**
 * Puts canonical JSON under a name that must be free, durably. The one call that others see is a hard link, which fails
 * where the name is taken: of any number of processes, on any number of machines, exactly one gets it.
 *
 * @returns Whether it is there now; not when the name is taken.
 * @throws `TWIN_WRITE_FAILED`, also where the file system has no hard links.
 */
export async function publishNew(fs: StoreFs, path: string, value: unknown): Promise<boolean> {
  return await writing(path, async () => {
    await makeStoreFolder(fs, dirname(path));
    const temporary = await writeTemporary(fs, path, canonicalJson(value));
    try {
      await fs.link(temporary, path);
    } catch (error) {
      const code = systemCode(error) ?? "";
      if (NO_LINKS.has(code)) throw noLinks(path, error);
      // NFS repeats a call whose answer was lost, and then finds what it did itself.
      if (code !== "EEXIST" || !(await isSame(fs, temporary, path))) {
        if (code === "EEXIST") return false;
        throw error;
      }
    } finally {
      await removeIfThere(fs, temporary);
    }
    await fs.syncFolder(dirname(path));
    return true;
  });
}

/** What is said where a batch cannot be kept. */
export function noLinks(path: string, cause?: unknown): WriteFailedError {
  const code = systemCode(cause);
  return new WriteFailedError(
    path,
    `${code === undefined ? "" : `${code}: `}this file system has no hard links, and by those a batch knows which of several results counts. Keep the folder of the batch on another one, such as the scratch or work file system of the cluster.`,
    { cause },
  );
}

/**
 * A value of a file of the batch.
 *
 * @param remedy - What to do where it is damaged, a sentence.
 * @returns `undefined` where there is no such file.
 * @throws {@link BatchDamagedError} for what is not of the schema; `TWIN_READ_FAILED`
 */
export async function readJson<S extends z.ZodType>(
  fs: StoreFs,
  path: string,
  { schema, remedy }: { readonly schema: S; readonly remedy: string },
): Promise<z.output<S> | undefined> {
  const bytes = await readIfThere(fs, path);
  if (bytes === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString());
  } catch (error) {
    throw new BatchDamagedError(path, "is no JSON: it was changed or cut off.", remedy, { cause: error });
  }
  const checked = checkSchema(schema, value);
  if (checked.problems === undefined) return checked.value;
  const [first] = checked.problems;
  const where = first?.path.join(".") || "as a whole";
  throw new BatchDamagedError(path, `is not what it should be: ${where}: ${first?.message}`, remedy);
}

/** The bytes of a small file; `undefined` where there is none. @throws `TWIN_READ_FAILED` */
export async function readIfThere(fs: StoreFs, path: string): Promise<Uint8Array | undefined> {
  try {
    return await fs.readFile(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw new ReadFailedError(path, `${(error as Error).message}.`, { cause: error });
  }
}

/** Names in a folder; none where there is no folder. @throws `TWIN_READ_FAILED` */
export async function namesIn(fs: StoreFs, folder: string): Promise<readonly string[]> {
  try {
    return (await fs.list(folder)).map(({ name }) => name);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw new ReadFailedError(folder, `${(error as Error).message}.`, { cause: error });
  }
}

/** The numbers of files named `<number>.json`, in order; temporary files and others are none. */
export async function numbersIn(fs: StoreFs, folder: string): Promise<readonly number[]> {
  const numbers = (await namesIn(fs, folder)).flatMap((name) => {
    const match = /^(0|[1-9]\d{0,14})\.json$/.exec(name);
    return match ? [Number(match[1])] : [];
  });
  return numbers.sort((a, b) => a - b);
}
