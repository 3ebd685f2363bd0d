import type { ClassicHeader, ClassicVariableHeader } from "./header.ts";

/** Where the elements of a variable are. */
export interface ClassicLayout {
  readonly shape: readonly number[];
  /** Position of the first element. */
  readonly begin: number;
  readonly elementBytes: number;
  /** Bytes between neighbours along each axis. */
  readonly strides: readonly number[];
}

/**
 * Where the variables of a file are, in the order of the header. Sizes are computed: those that headers state are wrong for
 * large variables by design, and for others by mistake.
 */
export function layouts(
  header: ClassicHeader,
  fileBytes: number,
): { readonly records: number; readonly layouts: readonly ClassicLayout[] } {
  const recordBytes = recordSize(header);
  const records = header.records ?? recordsIn(header, fileBytes, recordBytes);
  return {
    records,
    layouts: header.variables.map((variable) => {
      const inner = innerShape(header, variable);
      const elementBytes = variable.type.bytes;
      const strides = new Array<number>(inner.length);
      let stride = elementBytes;
      for (let axis = inner.length - 1; axis >= 0; axis--) {
        strides[axis] = stride;
        stride *= inner[axis] as number;
      }
      return isRecord(header, variable)
        ? { shape: [records, ...inner], begin: variable.begin, elementBytes, strides: [recordBytes, ...strides] }
        : { shape: inner, begin: variable.begin, elementBytes, strides };
    }),
  };
}

/** Bytes from one record to the next. */
function recordSize(header: ClassicHeader): number {
  const sizes = recordVariables(header).map((variable) => innerBytes(header, variable));
  const total = sizes.reduce((sum, size) => sum + padded(size), 0);
  const last = sizes.at(-1) ?? 0;
  // A sole record variable is not padded: its records follow each other.
  return total === padded(last) ? last : total;
}

/** Records that the file has room for; the padding of the last may be missing. */
function recordsIn(header: ClassicHeader, fileBytes: number, recordBytes: number): number {
  const ends = recordVariables(header).map((variable) => variable.begin + innerBytes(header, variable));
  const end = ends.reduce((last, each) => Math.max(last, each), 0);
  return recordBytes === 0 || fileBytes < end ? 0 : Math.floor((fileBytes - end) / recordBytes) + 1;
}

function recordVariables(header: ClassicHeader): ClassicVariableHeader[] {
  return header.variables.filter((variable) => isRecord(header, variable));
}

function isRecord(header: ClassicHeader, { dimensions }: ClassicVariableHeader): boolean {
  const [first] = dimensions;
  return first !== undefined && header.dimensions[first]?.unlimited === true;
}

/** Lengths of the axes behind the unlimited one. */
function innerShape(header: ClassicHeader, variable: ClassicVariableHeader): number[] {
  const ids = isRecord(header, variable) ? variable.dimensions.slice(1) : variable.dimensions;
  return ids.map((id) => header.dimensions[id]?.length ?? 0);
}

function innerBytes(header: ClassicHeader, variable: ClassicVariableHeader): number {
  return innerShape(header, variable).reduce((product, length) => product * length, variable.type.bytes);
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}
