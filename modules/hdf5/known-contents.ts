import type { HdfGroup } from "../../core/index.ts";
import type { FileContents } from "./file-contents.ts";

/** Datasets, groups and attributes of all files that are remembered: some 40 MB at most. */
const MOST_OBJECTS = 100_000;

/** A file by its name and its very bytes. */
interface FileVersion {
  readonly location: string;
  readonly version: string;
}

/**
 * What files hold, beyond their closing: a federation of a thousand files closes and opens them again and again, and to
 * describe one takes longer than to read from it. Those opened longest ago are forgotten first.
 */
export class KnownContents {
  readonly #known = new Map<
    string,
    { readonly version: string; readonly contents: FileContents; readonly objects: number }
  >();
  #objects = 0;

  get({ location, version }: FileVersion): FileContents | undefined {
    const known = this.#known.get(location);
    if (known?.version !== version) return undefined;
    this.#known.delete(location);
    this.#known.set(location, known);
    return known.contents;
  }

  set({ location, version }: FileVersion, contents: FileContents): void {
    this.#forget(location);
    const objects = objectsIn(contents.root) + contents.problems.length;
    this.#known.set(location, { version, contents, objects });
    this.#objects += objects;
    for (const oldest of this.#known.keys()) {
      if (this.#objects <= MOST_OBJECTS) break;
      this.#forget(oldest);
    }
  }

  clear(): void {
    this.#known.clear();
    this.#objects = 0;
  }

  #forget(location: string): void {
    this.#objects -= this.#known.get(location)?.objects ?? 0;
    this.#known.delete(location);
  }
}

function objectsIn(group: HdfGroup): number {
  const objects = [group, ...Object.values(group.datasets)];
  const own = objects.reduce((sum, { attributes }) => sum + 1 + Object.keys(attributes).length, 0);
  const links = Object.keys(group.links).length;
  return Object.values(group.groups).reduce((sum, child) => sum + objectsIn(child), own + links);
}
