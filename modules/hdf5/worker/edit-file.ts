import { type HdfLibrary, LibraryError, slabArguments } from "./library.ts";
import type { RawAttributeValue, WorkerRequest } from "./protocol.ts";

type Request<Op extends WorkerRequest["op"]> = Extract<WorkerRequest, { readonly op: Op }>;

/** Class numbers of HDF5's `H5T_class_t`. */
const CLASS = { integer: 0, float: 1 } as const;
const STRING = 3;
const UTF8 = 1;

/** Sets the lengths of a dataset. */
export function resizeDataset(library: HdfLibrary, file: bigint, { path, shape }: Request<"resize">): void {
  library.checkSilent(`resizing ${path}`, (module) => module.resize_dataset(file, path, shape.map(BigInt)));
}

/** Writes values of the dataset's own type, little-endian. */
export function writeSlab(library: HdfLibrary, file: bigint, { path, slab, bytes }: Request<"write">): void {
  const [count, start, step] = slabArguments(slab);
  library.withMemory(bytes.length, (pointer) => {
    library.module.HEAPU8.set(bytes, pointer);
    library.checkSilent(`writing ${path}`, (module) =>
      module.set_dataset_data(file, path, count, start, step, BigInt(pointer)),
    );
  });
}

/** Creates a group; h5wasm says nothing when it cannot. */
export function createGroup(library: HdfLibrary, file: bigint, { path }: Request<"createGroup">): void {
  library.checkSilent(`creating group ${path}`, (module) => module.create_group(file, path, true));
}

/** Creates an attribute, or replaces one. */
export function setAttribute(library: HdfLibrary, file: bigint, request: Request<"setAttribute">): void {
  const { path, name, value, replace } = request;
  const doing = `setting attribute ${name} of ${path}`;
  const names = library.checkSilent(doing, (module) => module.get_attribute_names(file, path));
  if (names.includes(name)) {
    if (!replace) throw new LibraryError("operation", `there is an attribute ${name} already`);
    library.checkSilent(doing, (module) => module.delete_attribute(file, path, name));
  }
  createAttribute(library, { file, path, name, doing }, value);
}

function createAttribute(
  library: HdfLibrary,
  { file, path, name, doing }: { file: bigint; path: string; name: string; doing: string },
  value: RawAttributeValue,
): void {
  const shape = value.shape.map(BigInt);
  if (value.kind === "strings") {
    const metadata = { type: STRING, size: 4, vlen: true, cset: UTF8, shape };
    library.checkSilent(doing, (module) =>
      module.create_vlen_str_attribute(file, path, name, [...value.strings], metadata),
    );
    return;
  }
  const metadata = { type: CLASS[value.type], size: value.size, signed: value.signed, vlen: false, shape };
  library.withMemory(value.bytes.length, (pointer) => {
    library.module.HEAPU8.set(value.bytes, pointer);
    library.checkSilent(doing, (module) => module.create_attribute(file, path, name, BigInt(pointer), metadata));
  });
}
