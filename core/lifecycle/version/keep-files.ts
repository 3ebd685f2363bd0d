import { stat } from "node:fs/promises";
import { basename } from "node:path";
import type { ObjectStore, StoredObject } from "../../contracts/object-store.ts";
import { isFile } from "../../files/is-file.ts";
import { ArtifactChangedError } from "../../spec/errors.ts";
import { readingFile } from "../fs/failures.ts";
import { MEDIA_TYPES } from "../media-types.ts";
import type { Descriptor, VersionConfig } from "../schema.ts";
import type { NamedFile } from "./artifact-files.ts";
import { cardBeside, cardMetrics } from "./model-card.ts";

/** How files are kept. */
export interface KeepOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told how many bytes are kept, of how many. */
  readonly onProgress?: ((doneBytes: number, ofBytes: number) => void) | undefined;
}

/** Keeps a file, each only once however often it is asked for. */
export type Keep = (file: string, mediaType: string) => Promise<Descriptor>;

/** @param files - Those that are known to come, for the progress. @throws `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE` */
export async function keeper(objects: ObjectStore, files: readonly string[], options: KeepOptions): Promise<Keep> {
  const { signal, onProgress } = options;
  const sizes = await Promise.all([...new Set(files)].map(sizeOf));
  const ofBytes = sizes.reduce((sum, size) => sum + size, 0);
  let doneBytes = 0;
  const kept = new Map<string, ReturnType<ObjectStore["putFile"]>>();
  let last: Promise<unknown> = Promise.resolve();
  return async (file, mediaType) => {
    let stored = kept.get(file);
    if (stored === undefined) {
      // One after the other: two files read at once make a disk seek.
      stored = last.then(async () => {
        const before = doneBytes;
        const result = await objects.putFile(file, {
          signal,
          onProgress: (done) => onProgress?.(Math.min(before + done, ofBytes), ofBytes),
        });
        doneBytes = before + result.bytes;
        onProgress?.(Math.min(doneBytes, ofBytes), ofBytes);
        return result;
      });
      last = stored.catch(() => undefined);
      kept.set(file, stored);
    }
    return descriptorOf(mediaType, await stored);
  };
}

async function sizeOf(file: string): Promise<number> {
  return await readingFile(file, async () => (await stat(file)).size);
}

/** Keeps the files that a composition names. @throws {@link ArtifactChangedError} */
export async function keepFiles(
  files: readonly NamedFile[],
  context: { readonly keep: Keep; readonly notes: string[] },
): Promise<Pick<VersionConfig, "models" | "data">> {
  const models: VersionConfig["models"] = [];
  const data: VersionConfig["data"] = [];
  for (const { file, path, pinned, role, part } of files) {
    const isOnnx = /\.onnx$/i.test(file);
    const descriptor = await context.keep(file, role === "model" && isOnnx ? MEDIA_TYPES.onnx : MEDIA_TYPES.file);
    if (pinned !== undefined && pinned !== descriptor.digest) {
      throw new ArtifactChangedError(file, pinned, descriptor.digest);
    }
    if (role === "model") models.push({ path, descriptor, part, ...(await keepCard(file, path, context)) });
    // One file may be an option of two parts.
    else if (!data.some((each) => each.path === path && each.role === role)) data.push({ path, descriptor, role });
  }
  return { models, data };
}

async function keepCard(
  file: string,
  path: string,
  { keep, notes }: { readonly keep: Keep; readonly notes: string[] },
): Promise<Pick<VersionConfig["models"][number], "card" | "metrics">> {
  const card = cardBeside(file);
  if (!(await isFile(card))) return {};
  const kept = { path: cardBeside(path), descriptor: await keep(card, MEDIA_TYPES.card) };
  try {
    return { card: kept, metrics: await cardMetrics(card) };
  } catch (error) {
    notes.push(`${basename(card)} is kept, but no metrics can be read from it: ${(error as Error).message}`);
    return { card: kept };
  }
}

/** The descriptor of an object. */
export function descriptorOf(mediaType: string, { digest, bytes }: StoredObject): Descriptor {
  return { mediaType, digest, size: bytes };
}
