import type { SourceEntry } from "../contracts/source.ts";

/** Deeper folders are not looked into; a link that leads back up would never end. */
const MAX_DEPTH = 64;

/** What a folder holds, as {@link listPattern} sees it. */
export interface FolderItem {
  /** Without slash. */
  readonly name: string;
  /** Present for a file; absent for a folder. */
  readonly file?: SourceEntry;
}

/** A pattern, split where its first wild card is. */
export interface Pattern {
  /** Up to and with the last slash before the first wild card; empty for the working directory. */
  readonly folder: string;
  /** The rest, by slashes; empty when the pattern is a folder. */
  readonly segments: readonly string[];
}

/** Whether a text has wild cards: `*`, `?`, `[…]`, `{…}`. A backslash takes their meaning. */
export function isPattern(text: string): boolean {
  return /(?<!\\)[*?[{]/.test(text);
}

/** Splits a path; the scheme of a URL is no part of it. */
export function splitPattern(path: string): Pattern {
  const parts = path.split("/");
  const first = parts.findIndex(isPattern);
  if (first === -1) return { folder: path, segments: [] };
  const folder = parts.slice(0, first).map((part) => `${part.replaceAll("\\", "")}/`);
  return { folder: folder.join(""), segments: parts.slice(first) };
}

/** The beginning of a segment that is no wild card, so that a server may list less. */
export function literalStart(segment: string): string {
  return segment.split(/[*?[{\\]/, 1)[0] ?? "";
}

/**
 * All files below a folder that fit, sorted by location; folders that cannot hold any are not listed.
 *
 * @param list - What a folder holds, given its path below `pattern.folder` (empty, or ending in a slash) and how the
 *   wanted names begin.
 */
export async function listPattern(
  { segments }: Pattern,
  list: (folder: string, startsWith: string) => AsyncIterable<FolderItem>,
): Promise<SourceEntry[]> {
  const found: SourceEntry[] = [];
  const { default: picomatch } = await import("picomatch");
  const fits = (pattern: string): ((text: string) => boolean) =>
    picomatch(pattern.replaceAll(/[()|]/g, "\\$&"), { nonegate: true, noextglob: true });
  const isWhole = segments.length > 0 ? fits(segments.join("/")) : (path: string) => !path.includes("/");
  // Beyond `**`, or a choice that holds a slash, segments and folders no longer go side by side.
  const loose = segments.findIndex(
    (segment) => segment.includes("**") || /[{}]/.test(segment.replace(/\{[^{}]*\}/g, "")),
  );
  const strict = (loose === -1 ? segments : segments.slice(0, loose)).map(fits);
  const isBelow = (name: string, depth: number): boolean =>
    depth < strict.length
      ? depth < segments.length - 1 && strict[depth]?.(name) === true
      : loose !== -1 && !name.startsWith(".");
  const walk = async (folder: string, depth: number): Promise<void> => {
    const folders: string[] = [];
    const start = depth < strict.length ? literalStart(segments[depth] ?? "") : "";
    for await (const { name, file } of list(folder, start)) {
      if (file === undefined) {
        if (depth < MAX_DEPTH && isBelow(name, depth)) folders.push(name);
      } else if (isWhole(`${folder}${name}`)) found.push(file);
    }
    for (const name of folders) await walk(`${folder}${name}/`, depth + 1);
  };
  await walk("", 0);
  return found.sort((a, b) => (a.location < b.location ? -1 : a.location > b.location ? 1 : 0));
}
