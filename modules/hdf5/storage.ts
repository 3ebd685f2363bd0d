import type { HdfDataset, HdfFilter, HdfType, Storage } from "../../core/index.ts";
import type { TypeColumn } from "./columns.ts";

/** How a column lies in its file. */
export function storageOf(dataset: HdfDataset, column: TypeColumn): Storage {
  const typeNote = noteOf(dataset, column);
  return {
    ...(dataset.chunkShape && { chunkShape: [...dataset.chunkShape, ...column.extraShape] }),
    filters: dataset.filters.map(filterName),
    ...(typeNote !== "" && { typeNote }),
  };
}

function filterName({ id, name, parameters }: HdfFilter): string {
  switch (id) {
    case 1:
      return `gzip(${parameters[0]})`;
    case 2:
      return "shuffle";
    case 3:
      return "fletcher32";
    case 4:
      return "szip";
    case 5:
      return "nbit";
    case 6:
      return "scaleoffset";
    case 32000:
      return "lzf";
    default:
      return name === "" ? `filter ${id}` : name;
  }
}

function noteOf(dataset: HdfDataset, { leaf, members }: TypeColumn): string {
  const type = describeType(leaf);
  const notes = [
    members.length > 0 ? "member of a compound" : "",
    type,
    dataset.shape === undefined ? "without a dataspace" : "",
    dataset.virtualSources ? "virtual" : "",
  ];
  return notes.filter((note) => note !== "").join(", ");
}

/** A stored type in words; empty where the dtype tells all. */
function describeType(type: HdfType): string {
  switch (type.class) {
    case "integer":
    case "float":
      return type.bigEndian && type.size > 1 ? `big-endian ${numberName(type)}` : oddSize(type);
    case "bitfield":
      return `bit field of ${type.size * 8}`;
    case "string":
      return type.variable
        ? `variable-length ${type.charset} string`
        : `fixed-length ${type.charset} string of ${type.size} bytes, ${type.padding} padded`;
    case "opaque":
      return `opaque of ${type.size} bytes`;
    case "enum": {
      const members = Object.entries(type.members).map(([name, value]) => `${name}=${value}`);
      return `enum ${numberName(type.base)} {${members.join(", ")}}`;
    }
    case "sequence":
      return `variable-length sequence of ${describeType(type.base) || numberName(type.base)}`;
    case "reference":
      return type.to === "object" ? "object reference, as a path" : "region reference, as the path of its dataset";
    case "unknown":
      return `unreadable: ${type.reason}`;
    default:
      return type.class;
  }
}

function oddSize(type: HdfType): string {
  return [1, 2, 4, 8].includes(type.size) ? "" : numberName(type);
}

function numberName(type: HdfType): string {
  if (type.class === "float") return `float${type.size * 8}`;
  if (type.class === "integer") return `${type.signed ? "int" : "uint"}${type.size * 8}`;
  return `${type.class} of ${type.size} bytes`;
}
