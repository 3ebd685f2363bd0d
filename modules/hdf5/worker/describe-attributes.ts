import type { HdfProblem } from "../../../core/index.ts";
import { columnsOf } from "../columns.ts";
import { type HdfLibrary, LibraryError } from "./library.ts";
import type { RawAttribute } from "./protocol.ts";
import { gather, sinkFor } from "./sink.ts";
import { storedType } from "./stored-type.ts";

/** Attributes are held in memory; what is larger is no attribute but damage. */
const MAX_BYTES = 64 * 2 ** 20;

/** HDF5's own bookkeeping of scales: references, told in words by a dataset's `scales`. */
const BOOKKEEPING = new Set(["DIMENSION_LIST", "REFERENCE_LIST", "DIMENSION_LABELS"]);

/**
 * Reads the attributes of an object. Members of a compound are attributes of their own, named `name/member`. What
 * cannot be read is added to the problems.
 */
export function describeAttributes(
  library: HdfLibrary,
  file: bigint,
  path: string,
  problems: HdfProblem[],
  only?: readonly string[],
): RawAttribute[] {
  const names = only ?? library.checkSilent(`listing ${path}`, (module) => module.get_attribute_names(file, path));
  const attributes: RawAttribute[] = [];
  for (const name of names) {
    if (BOOKKEEPING.has(name)) continue;
    try {
      attributes.push(...readAttribute(library, file, path, name));
    } catch (error) {
      if (!(error instanceof LibraryError) || !error.isLocal) throw error;
      problems.push({ path: `${path}@${name}`, reason: error.message });
    }
  }
  return attributes;
}

function readAttribute(library: HdfLibrary, file: bigint, path: string, name: string): RawAttribute[] {
  const doing = `reading attribute ${name} of ${path}`;
  const metadata = library.checkSilent(doing, (module) => module.get_attribute_metadata(file, path, name));
  const type = storedType(metadata);
  const shape = metadata.shape ?? undefined;
  const total = shape === undefined ? 0 : shape.reduce((product, length) => product * length, 1);
  const bytes = total * type.size;
  if (!(bytes <= MAX_BYTES)) throw new LibraryError("operation", `it claims ${bytes} bytes`);
  return library.withMemory(bytes, (pointer) => {
    const columns = columnsOf(type);
    if (total > 0) {
      library.module.HEAPU8.fill(0, pointer, pointer + bytes);
      library.check(doing, (module) => module.get_attribute_data(file, path, name, BigInt(pointer)));
    }
    try {
      return columns.map(({ members, extraShape, leaf, layout, bigEndian }) => {
        if (leaf.class === "unknown") throw new LibraryError("operation", leaf.reason);
        if (leaf.class === "sequence" && total > 1) {
          throw new LibraryError("operation", "attributes of several variable-length sequences are not supported");
        }
        const sink = sinkFor(layout, total);
        if (total > 0) {
          const block = [{ from: 0, count: total }];
          gather(library, { file, element: layout, pointer, block, shape: [total], sink });
        }
        return {
          name: [name, ...members].join("/"),
          type: leaf,
          bigEndian,
          shape: shape && [...shape, ...extraShape],
          values: sink.values(),
        };
      });
    } finally {
      if (total > 0 && columns[0]?.layout.pointers) {
        library.check(doing, (module) => module.reclaim_vlen_memory(file, path, name, BigInt(pointer)));
      }
    }
  });
}
