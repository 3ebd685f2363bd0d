import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson } from "../../canonical/canonical-json.ts";
import { type Digest, digestJson } from "../../canonical/digest.ts";
import { checkSchema } from "../../errors/check-schema.ts";
import { FileNotFoundError, ReadFailedError } from "../../files/errors.ts";
import { isFile } from "../../files/is-file.ts";
import { writeFileAtomically } from "../../files/write-atomically.ts";
import { readCanonical } from "../../lifecycle/read-canonical.ts";
import { BATCH_FILE } from "../batch-document.ts";
import { BatchDamagedError } from "../errors.ts";
import { type CollectedStage, type Collection, CollectionSchema } from "./collection-schema.ts";

/** Name of the record of a batch in the folder of its results. */
export const COLLECTION_FILE = "collection.json";

/** Seals a collection: adds its digest. */
export function sealCollection(collection: Omit<Collection, "digest">): Collection {
  return { ...collection, digest: digestJson(collection) };
}

/** Writes a collection as canonical JSON, atomically. */
export async function writeCollection(folder: string, collection: Collection): Promise<void> {
  await writeFileAtomically(join(folder, COLLECTION_FILE), canonicalJson(collection), { existing: "replace" });
}

/**
 * Digest of the content of all outputs, the same wherever a batch ran. Runs without a result count as such.
 */
export function contentOf(stages: readonly Pick<CollectedStage, "name" | "runs">[]): Digest {
  return digestJson(
    stages.map(({ name, runs }) => ({
      stage: name,
      runs: runs.map(({ run, accepted }) => ({
        run,
        outputs: accepted
          ? Object.fromEntries(
              Object.entries(accepted.outputs).map(([output, file]) => [output, file.contentDigest ?? file.fileDigest]),
            )
          : null,
      })),
    })),
  );
}

/**
 * Reads the record of a batch, and checks its seal and that its content digest fits.
 *
 * @param path - The folder of the batch, of its results, or the record.
 * @throws `TWIN_FILE_NOT_FOUND` where nothing was collected; `TWIN_BATCH_DAMAGED` for what is no record, or was changed
 *   after it was sealed; `TWIN_READ_FAILED`
 */
export async function readCollection(path: string): Promise<Collection> {
  const file = (await isFile(path))
    ? path
    : (await isFile(join(path, BATCH_FILE)))
      ? join(path, "results", COLLECTION_FILE)
      : join(path, COLLECTION_FILE);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new FileNotFoundError(file, { cause: error });
    throw new ReadFailedError(file, `${(error as Error).message}.`, { cause: error });
  }
  return parseCollection(bytes, file);
}

function parseCollection(bytes: Uint8Array, file: string): Collection {
  const damaged = (problem: string): BatchDamagedError =>
    new BatchDamagedError(file, problem, "Remove it, and collect the batch again.");
  const { value, problem } = readCanonical(bytes);
  if (problem !== undefined) throw damaged(problem);
  const checked = checkSchema(CollectionSchema, value);
  if (checked.problems !== undefined) {
    const [first] = checked.problems;
    throw damaged(
      `is no record of a batch that can be used: ${first?.path.join(".") || "as a whole"}: ${first?.message}`,
    );
  }
  const { digest, ...sealed } = checked.value;
  if (digestJson(sealed) !== digest) throw damaged("was changed after it was sealed: its digest does not fit.");
  if (contentOf(sealed.stages) !== sealed.contentDigest)
    throw damaged("has a content digest that is not of its files.");
  return checked.value;
}
