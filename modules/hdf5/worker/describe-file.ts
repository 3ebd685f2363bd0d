import { fstatSync } from "node:fs";
import type { HdfLink, HdfProblem } from "../../../core/index.ts";
import { describeAttributes } from "./describe-attributes.ts";
import { type HdfLibrary, type HdfModule, LibraryError, type RawMetadata } from "./library.ts";
import type { RawDataset, RawFile, RawGroup } from "./protocol.ts";
import { HeaderReader, type StoredHeader } from "./stored-header.ts";
import { storedType } from "./stored-type.ts";

/** Groups nested deeper are taken for damage. */
const MAX_DEPTH = 200;

/** Walks a file: everything but the values of its datasets. Ends whatever links there are: no group is entered twice. */
export function describeFile(
  library: HdfLibrary,
  file: { readonly hdf: bigint; readonly descriptor: number },
  isCancelled: () => boolean,
): RawFile {
  const { hdf, descriptor } = file;
  const headers = HeaderReader.open(descriptor, fstatSync(descriptor).size);
  const walk = new Walk(library, hdf, { headers, isCancelled });
  const root = walk.group("/", 0);
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
  readonly #headers: HeaderReader | undefined;
  readonly #isCancelled: () => boolean;
  /** Path under which each group is shown, by identity. */
  readonly #shown = new Map<string, string>();

  constructor(
    library: HdfLibrary,
    file: bigint,
    parts: { readonly headers: HeaderReader | undefined; readonly isCancelled: () => boolean },
  ) {
    this.#library = library;
    this.#file = file;
    this.#headers = parts.headers;
    this.#isCancelled = parts.isCancelled;
  }

  group(path: string, depth: number): RawGroup | undefined {
    return this.#guard(path, () => {
      if (depth > MAX_DEPTH) throw new LibraryError("operation", `groups are nested more than ${MAX_DEPTH} deep`);
      this.#shown.set(this.#identity(path), path);
      const names = this.#library.checkSilent(`listing ${path}`, (module) => module.get_names(this.#file, path, false));
      const group = {
        name: nameOf(path),
        attributes: describeAttributes(this.#library, this.#file, path, this.problems),
        groups: [] as RawGroup[],
        datasets: [] as RawDataset[],
        links: [] as NamedLink[],
      };
      // Objects under their own names first, so that a soft link never takes the place of what it leads to.
      const links = names.filter((name) => !this.#addObject(group, { path: join(path, name), depth }));
      for (const name of links) this.#addLink(group, { path: join(path, name), depth });
      return group;
    });
  }

  /** Adds what a hard link leads to. @returns Whether it was a hard link. */
  #addObject(group: MutableGroup, place: Place): boolean {
    const { path } = place;
    const isHard = this.#guard(path, () => this.#softTarget(path) === null && this.#external(path) === undefined);
    if (isHard === undefined) return true;
    if (!isHard) return false;
    this.#add(group, place, { kind: "hard", target: path });
    return true;
  }

  #addLink(group: MutableGroup, place: Place): void {
    const { path } = place;
    this.#guard(path, () => {
      const external = this.#external(path);
      const link = external
        ? ({ kind: "external", target: external.path, file: external.file } as const)
        : ({ kind: "soft", target: this.#softTarget(path) ?? "" } as const);
      group.links.push({ ...link, leadsTo: this.#add(group, place, link), name: nameOf(path) });
    });
  }

  /** Adds the object at a path to a group, and tells what it is. */
  #add(group: MutableGroup, { path, depth }: Place, link: Omit<HdfLink, "leadsTo">): HdfLink["leadsTo"] {
    if (this.#isCancelled()) throw new LibraryError("cancelled", "the caller has cancelled it");
    const object = this.#objectAt(path);
    switch (object.kind) {
      case "dataset": {
        const isElsewhere = link.kind === "external";
        const dataset = this.#guard(path, () => this.#dataset(path, object.metadata, isElsewhere));
        if (dataset) group.datasets.push(dataset);
        return "dataset";
      }
      case "group": {
        // An external group is reported, not entered: objects of another file have no identity that ends a walk.
        if (link.kind === "external") return "group";
        const shown = this.#shown.get(this.#identity(path));
        const leadsTo = shown !== undefined && isInside(path, shown) ? "loop" : "group";
        // A group is shown once, under its own name.
        if (shown === undefined && link.kind === "hard") {
          const child = this.group(path, depth + 1);
          if (child) group.groups.push(child);
        } else if (shown !== undefined && link.kind === "hard") {
          group.links.push({ kind: "hard", target: shown, leadsTo, name: nameOf(path) });
        }
        return leadsTo;
      }
      case "type":
        return "type";
      case "nothing": {
        const leads = `the ${link.kind} link leads nowhere (${link.file ? `${link.file}: ` : ""}${link.target})`;
        this.problems.push({ path, reason: link.kind === "hard" ? object.reason : leads });
        return "nothing";
      }
    }
  }

  /**
   * Finds out what a path leads to by opening it. h5wasm's own `get_type` reads unset memory when the object cannot be
   * opened.
   */
  #objectAt(path: string): ObjectAt {
    const doing = `looking at ${path}`;
    const attempts: string[] = [];
    const attempt = <T>(open: (module: HdfModule) => T): T | undefined => {
      try {
        return this.#library.check(doing, open);
      } catch (error) {
        if (!(error instanceof LibraryError) || !error.isLocal) throw error;
        attempts.push(error.message);
        return undefined;
      }
    };
    const metadata = attempt((module) => module.get_dataset_metadata(this.#file, path));
    if (metadata) return { kind: "dataset", metadata };
    if (attempt((module) => module.get_names(this.#file, path, false))) return { kind: "group" };
    if (attempt((module) => module.get_datatype_metadata(this.#file, path))) return { kind: "type" };
    // Of a damaged dataset the first attempt tells most, of a damaged group the second.
    const reason = attempts.find((message) => !/not a (dataset|group)/.test(message));
    return { kind: "nothing", reason: reason ?? "its object cannot be opened" };
  }

  #dataset(path: string, metadata: RawMetadata, isElsewhere: boolean): RawDataset {
    const library = this.#library;
    const file = this.#file;
    const doing = `looking at ${path}`;
    const filters = library.checkSilent(doing, (module) => module.get_dataset_filters(file, path));
    const attributeNames = library.checkSilent(doing, (module) => module.get_attribute_names(file, path));
    const shape = metadata.shape ?? undefined;
    if (!(shape ?? []).every((length) => Number.isSafeInteger(length))) {
      throw new LibraryError("operation", `its shape [${shape}] is beyond all reason`);
    }
    const stored = isElsewhere ? {} : this.#storedHeader(path);
    const type = storedType(metadata);
    return {
      name: nameOf(path),
      type: stored.oddType === undefined ? type : { class: "unknown", size: type.size, reason: stored.oddType },
      valuesAt: stored.valuesAt,
      chunkIndex: stored.chunkIndex,
      hasFillValue: stored.hasFillValue,
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

  #softTarget(path: string): string | null {
    return this.#library.check(`looking at ${path}`, (module) => module.get_symbolic_link(this.#file, path));
  }

  #external(path: string): { readonly file: string; readonly path: string } | undefined {
    const link = this.#library.check(`looking at ${path}`, (module) => module.get_external_link(this.#file, path));
    return link.filename === undefined ? undefined : { file: link.filename, path: link.obj_path ?? "" };
  }

  /** What only the header tells; nothing of a header that this cannot read, which HDF5 has read. */
  #storedHeader(path: string): StoredHeader {
    try {
      const address = Buffer.from(this.#identity(path).split(".").map(Number)).readBigUInt64LE();
      return this.#headers?.read(Number(address)) ?? {};
    } catch (error) {
      if (error instanceof LibraryError && !error.isLocal) throw error;
      return {};
    }
  }

  /** Address of an object in its file. */
  #identity(path: string): string {
    const reference = this.#library.checkSilent(`looking at ${path}`, (module) =>
      module.create_object_reference(this.#file, path),
    );
    return Array.from(reference).join(".");
  }

  /** What cannot be looked at is listed as a problem, and the walk goes on; a crash of the library passes. */
  #guard<T>(path: string | undefined, look: () => T): T | undefined {
    try {
      return look();
    } catch (error) {
      if (!(error instanceof LibraryError) || !error.isLocal) throw error;
      if (path !== undefined) this.problems.push({ path, reason: error.message });
      return undefined;
    }
  }
}

type ObjectAt =
  | { readonly kind: "dataset"; readonly metadata: RawMetadata }
  | { readonly kind: "group" | "type" }
  | { readonly kind: "nothing"; readonly reason: string };

interface Place {
  readonly path: string;
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
