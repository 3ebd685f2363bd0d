import type { HdfLink, HdfProblem } from "../../../core/index.ts";
import { describeAttributes } from "./describe-attributes.ts";
import { type HdfLibrary, LibraryError } from "./library.ts";
import type { RawDataset, RawFile, RawGroup } from "./protocol.ts";
import { storedType } from "./stored-type.ts";

/** Kinds of objects, HDF5's `H5G_obj_t`. */
const GROUP = 0;
const DATASET = 1;
const TYPE = 2;

/** Groups nested deeper are taken for damage. */
const MAX_DEPTH = 200;

/** Walks a file: everything but the values of its datasets. Ends whatever links there are: no group is entered twice. */
export function describeFile(library: HdfLibrary, file: bigint): RawFile {
  const walk = new Walk(library, file);
  const root = walk.group("/", "", 0);
  if (root === undefined) {
    throw new LibraryError("open", walk.problems[0]?.reason ?? "its root group cannot be read");
  }
  return { root, problems: walk.problems };
}

type NamedLink = HdfLink & { readonly name: string };

class Walk {
  readonly problems: HdfProblem[] = [];
  readonly #library: HdfLibrary;
  readonly #file: bigint;
  /** Path under which each group is shown, by identity. */
  readonly #shown = new Map<string, string>();

  constructor(library: HdfLibrary, file: bigint) {
    this.#library = library;
    this.#file = file;
  }

  /** @param within - File that the group lies in, where an external link led to it; part of its identity. */
  group(path: string, within: string, depth: number): RawGroup | undefined {
    return this.#guard(path, () => {
      if (depth > MAX_DEPTH) throw new LibraryError("operation", `groups are nested more than ${MAX_DEPTH} deep`);
      this.#shown.set(this.#identity(path, within), path);
      const names = this.#library.checkSilent(`listing ${path}`, (module) => module.get_names(this.#file, path, false));
      const group = {
        name: nameOf(path),
        attributes: describeAttributes(this.#library, this.#file, path, this.problems),
        groups: [] as RawGroup[],
        datasets: [] as RawDataset[],
        links: [] as NamedLink[],
      };
      // Objects under their own names first, so that a soft link never takes the place of what it leads to.
      const links = names.filter((name) => !this.#addObject(group, { path: join(path, name), within, depth }));
      for (const name of links) this.#addLink(group, { path: join(path, name), within, depth });
      return group;
    });
  }

  /** Adds what a hard link leads to. @returns Whether it was a hard link. */
  #addObject(group: MutableGroup, place: Place): boolean {
    const { path } = place;
    const isHard = this.#guard(path, () => {
      const soft = this.#library.check(`looking at ${path}`, (module) => module.get_symbolic_link(this.#file, path));
      return soft === null && this.#external(path) === undefined;
    });
    if (isHard === undefined) return true;
    if (!isHard) return false;
    this.#add(group, place, { kind: "hard", target: path });
    return true;
  }

  #addLink(group: MutableGroup, place: Place): void {
    const { path } = place;
    this.#guard(path, () => {
      const external = this.#external(path);
      const target = external
        ? external.path
        : (this.#library.check(`looking at ${path}`, (module) => module.get_symbolic_link(this.#file, path)) ?? "");
      const link = external
        ? ({ kind: "external", target, file: external.file } as const)
        : ({ kind: "soft", target } as const);
      const within = external ? `${place.within}>${external.file}` : place.within;
      const leadsTo = this.#add(group, { ...place, within }, link);
      group.links.push({ ...link, leadsTo, name: nameOf(path) });
    });
  }

  /** Adds the object at a path to a group, and tells what it is. */
  #add(group: MutableGroup, place: Place, link: Omit<HdfLink, "leadsTo">): HdfLink["leadsTo"] {
    const { path, within, depth } = place;
    switch (this.#typeOf(path)) {
      case GROUP: {
        const shown = this.#shown.get(this.#identity(path, within));
        if (shown !== undefined) {
          const leadsTo = isInside(path, shown) ? "loop" : "group";
          if (link.kind === "hard") group.links.push({ kind: "hard", target: shown, leadsTo, name: nameOf(path) });
          return leadsTo;
        }
        // A soft link to a group that the walk has yet to reach: it is shown under its own name.
        if (link.kind === "soft") return "group";
        const child = this.group(path, within, depth + 1);
        if (child) group.groups.push(child);
        return "group";
      }
      case DATASET: {
        const dataset = this.#guard(path, () => this.#dataset(path));
        if (dataset) group.datasets.push(dataset);
        return "dataset";
      }
      case TYPE:
        return "type";
      default:
        this.problems.push({
          path,
          reason:
            link.kind === "hard"
              ? "its object cannot be opened"
              : `the ${link.kind} link leads nowhere (${link.file ? `${link.file}: ` : ""}${link.target})`,
        });
        return "nothing";
    }
  }

  #dataset(path: string): RawDataset {
    const library = this.#library;
    const file = this.#file;
    const doing = `looking at ${path}`;
    const metadata = library.checkSilent(doing, (module) => module.get_dataset_metadata(file, path));
    const filters = library.checkSilent(doing, (module) => module.get_dataset_filters(file, path));
    const attributeNames = library.checkSilent(doing, (module) => module.get_attribute_names(file, path));
    const shape = metadata.shape ?? undefined;
    const checked = (shape ?? []).every((length) => Number.isSafeInteger(length));
    if (!checked) throw new LibraryError("operation", `its shape [${shape}] is beyond all reason`);
    return {
      name: nameOf(path),
      type: storedType(metadata),
      shape,
      // HDF5 writes "unlimited" as 2^64 - 1.
      maxShape: (metadata.maxshape ?? []).map((length) => (length >= 2 ** 63 ? undefined : length)),
      chunkShape: metadata.chunks ?? undefined,
      filters: filters.map(({ id, name, cd_values }) => ({ id, name, parameters: cd_values })),
      attributes: describeAttributes(library, file, path, this.problems),
      scales: (shape ?? []).map((_, axis) =>
        attributeNames.includes("DIMENSION_LIST") ? this.#scales(path, axis) : [],
      ),
      labels: attributeNames.includes("DIMENSION_LABELS") ? this.#labels(path) : (shape ?? []).map(() => ""),
      isScale: attributeNames.includes("CLASS") && this.#isScale(path),
      virtualSources: metadata.virtual_sources?.map(({ file_name, dset_name }) => ({
        file: file_name,
        path: dset_name,
      })),
    };
  }

  #scales(path: string, axis: number): readonly string[] {
    const scales = this.#guard(path, () =>
      this.#library.checkSilent(`reading the scales of ${path}`, (module) =>
        module.get_attached_scales(this.#file, path, axis),
      ),
    );
    return scales ?? [];
  }

  #labels(path: string): readonly string[] {
    const labels = this.#guard(path, () =>
      this.#library.check(`reading the labels of ${path}`, (module) => module.get_dimension_labels(this.#file, path)),
    );
    return (labels ?? []).map((label) => label ?? "");
  }

  #isScale(path: string): boolean {
    const [attribute] = describeAttributes(this.#library, this.#file, path, [], ["CLASS"]);
    return attribute?.values.kind === "strings"
      ? attribute.values.strings[0] === "DIMENSION_SCALE"
      : attribute?.values.kind === "bytes" &&
          Buffer.from(attribute.values.bytes).toString("latin1").startsWith("DIMENSION_SCALE");
  }

  #typeOf(path: string): number {
    // With an error printed, the number is left-over memory.
    return (
      this.#guard(undefined, () =>
        this.#library.checkSilent(`looking at ${path}`, (module) => module.get_type(this.#file, path)),
      ) ?? -1
    );
  }

  #external(path: string): { readonly file: string; readonly path: string } | undefined {
    const link = this.#library.check(`looking at ${path}`, (module) => module.get_external_link(this.#file, path));
    return link.filename === undefined ? undefined : { file: link.filename, path: link.obj_path ?? "" };
  }

  /** Address of an object in its file. */
  #identity(path: string, within: string): string {
    const reference = this.#library.checkSilent(`looking at ${path}`, (module) =>
      module.create_object_reference(this.#file, path),
    );
    return `${within}#${Array.from(reference).join(".")}`;
  }

  /** What cannot be looked at is listed as a problem, and the walk goes on; a crash of the library passes. */
  #guard<T>(path: string | undefined, look: () => T): T | undefined {
    try {
      return look();
    } catch (error) {
      if (!(error instanceof LibraryError) || error.kind === "fatal") throw error;
      if (path !== undefined) this.problems.push({ path, reason: error.message });
      return undefined;
    }
  }
}

interface Place {
  readonly path: string;
  readonly within: string;
  readonly depth: number;
}

interface MutableGroup {
  readonly groups: RawGroup[];
  readonly datasets: RawDataset[];
  readonly links: NamedLink[];
}

function join(parent: string, name: string): string {
  return parent === "/" ? `/${name}` : `${parent}/${name}`;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function isInside(path: string, group: string): boolean {
  return group === "/" || path.startsWith(`${group}/`);
}
