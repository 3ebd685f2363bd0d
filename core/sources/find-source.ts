import type { Source, SourceFile, SourceOptions } from "../contracts/source.ts";
import { LocationRefusedError } from "./errors.ts";
import { LocalSource } from "./local-source.ts";
import { redactLocation } from "./redact.ts";

/** Serves what no source of a twin does, so that paths need no plugin. */
const LOCAL = new LocalSource();

/**
 * The source that serves a location: the one with the longest fitting prefix, the first of equals; the local file system
 * for a path.
 *
 * @param sources - Those of a twin: `many(Source)`.
 * @throws {@link LocationRefusedError} when the location has a scheme that none serves.
 */
export function findSource(location: string, sources: readonly Source[]): Source {
  let best: { readonly source: Source; readonly length: number } | undefined;
  for (const source of sources) {
    for (const prefix of source.prefixes) {
      const fits = prefix === "" ? !hasScheme(location) : location.startsWith(prefix);
      if (fits && prefix.length > (best?.length ?? -1)) best = { source, length: prefix.length };
    }
  }
  if (best) return best.source;
  if (!hasScheme(location) || location.startsWith("file:")) return LOCAL;
  const served = sources.flatMap(({ prefixes }) => prefixes);
  throw new LocationRefusedError(
    redactLocation(location),
    `no source of this twin serves it. Served: local paths${served.map((prefix) => `, ${prefix}…`).join("")}. Add one, such as twinloom/modules/http.`,
  );
}

/** Whether a location is a URL, and no path; a drive letter is no scheme. */
export function hasScheme(location: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(location) || location.startsWith("file:");
}

/**
 * Opens a location with the source that serves it.
 *
 * @throws As {@link findSource} and {@link Source.open}.
 */
export async function openSource(
  location: string,
  sources: readonly Source[],
  options: SourceOptions = {},
): Promise<SourceFile> {
  return await findSource(location, sources).open(location, options);
}

/** As many bytes from a position on, in memory of their own. @throws As {@link SourceFile.readInto}. */
export async function readBytes(
  file: SourceFile,
  position: number,
  length: number,
  options: SourceOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const target = new Uint8Array(length);
  await file.readInto(target, position, options);
  return target;
}
