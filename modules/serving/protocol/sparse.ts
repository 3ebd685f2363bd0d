import { type DType, NdArray } from "../../../core/index.ts";
import { WireError } from "../errors.ts";

/** An array of mostly zeros: what is not zero, event after event. See docs/reference/serving-protocol.md, "Sparse". */
export interface SparseArray {
  /** `[event + 1]`: event `e` has the entries `offsets[e]` to `offsets[e + 1]` of the other two. */
  readonly offsets: NdArray<"int32">;
  /** `[entry]`, ascending within an event: the place in the event's flat row-major array. */
  readonly indices: NdArray<"uint16" | "int32">;
  /** `[entry]`. */
  readonly values: NdArray<"float32" | "float16">;
}

/** Values per event that 16 bits can tell apart. */
const INDEX16_REACH = 0x10000;

/** More elements than one message could ever bring, were they all there. */
const MOST_ELEMENTS = 2 ** 31 - 1;

/**
 * What is not zero in an array `[event, …]`. Every value whose bits are not all 0 is kept, -0 and NaN with them, so that
 * {@link fromSparse} gives the same bits back.
 */
export function toSparse(array: NdArray<"float32">): SparseArray & { readonly values: NdArray<"float32"> } {
  const [events, ...event] = array.shape;
  if (events === undefined) throw new WireError("A scalar has no sparse form; it needs an axis of events.");
  const perEvent = event.reduce((product, length) => product * length, 1);
  const dense = array.values();
  const bits = new Int32Array(dense.buffer, dense.byteOffset, dense.length);
  const offsets = new Int32Array(events + 1);
  let { indices, values } = scratchFor(perEvent);
  let entry = 0;
  for (let e = 0, at = 0; e < events; e++) {
    // What is not zero is not counted first: that takes longer than all the rest. So there may be as many as values.
    if (values.length - entry <= perEvent) ({ indices, values } = larger({ indices, values }, perEvent));
    for (let place = 0; place < perEvent; place++, at++) {
      const word = bits[at] as number;
      indices[entry] = place;
      values[entry] = word;
      entry += isNonZero(word);
    }
    offsets[e + 1] = entry;
  }
  const singles = new Float32Array(values.slice(0, entry).buffer);
  return {
    offsets: new NdArray<"int32">(offsets, { dtype: "int32", shape: [events + 1] }),
    indices: entries(indices.slice(0, entry)),
    values: new NdArray<"float32">(singles, { dtype: "float32", shape: [entry] }),
  };
}

/** The offsets of sparse arrays one after the other. */
export function joinOffsets(parts: readonly NdArray<"int32">[]): NdArray<"int32"> {
  const events = parts.reduce((sum, { size }) => sum + size - 1, 0);
  const joined = new Int32Array(events + 1);
  let at = 0;
  let entries = 0;
  for (const part of parts) {
    for (const offset of part.values()) joined[at++] = entries + offset;
    // The next part's first offset stands where this one's last did.
    at--;
    entries = joined[at] as number;
  }
  return new NdArray<"int32">(joined, { dtype: "int32", shape: [events + 1] });
}

/** Room for entries: one more than there are, as the place is written before it is known to count. */
interface Scratch {
  readonly indices: Uint16Array | Int32Array;
  readonly values: Int32Array;
}

/** For one event, of the last size: a server of single events would otherwise make more garbage here than anywhere else. */
let scratch: Scratch | undefined;

function scratchFor(perEvent: number): Scratch {
  if (scratch?.values.length === perEvent + 1) return scratch;
  const Indices = perEvent > INDEX16_REACH ? Int32Array : Uint16Array;
  const made = { indices: new Indices(perEvent + 1), values: new Int32Array(perEvent + 1) };
  // Large ones are rare, and not worth the memory.
  if (perEvent <= INDEX16_REACH) scratch = made;
  return made;
}

/** Twice the room, and room for another event, with the entries that are there. */
function larger({ indices, values }: Scratch, perEvent: number): Scratch {
  const length = 2 * values.length + perEvent;
  const Indices = indices.constructor as Uint16ArrayConstructor;
  const made = { indices: new Indices(length), values: new Int32Array(length) };
  made.indices.set(indices);
  made.values.set(values);
  return made;
}

/**
 * The array that {@link toSparse} made these parts of, or a peer did: they are checked.
 *
 * @param parts - Offsets, indices and values; these may be halves.
 * @param shape - Of the array: `[event, …]`.
 * @throws `TWIN_WIRE_INVALID` when the parts do not fit each other or the shape.
 */
export function fromSparse(
  parts: Readonly<Record<keyof SparseArray, NdArray>>,
  shape: readonly number[],
): NdArray<"float32"> {
  const [events = 0, ...event] = shape;
  const perEvent = event.reduce((product, length) => product * length, 1);
  const total = events * perEvent;
  const { offsets, indices, values } = check(parts, events);
  if (!(total <= MOST_ELEMENTS)) throw new WireError(`A sparse array has the shape [${shape}], more than can be held.`);
  const dense = new Float32Array(total);
  // As bits: a float that passes through a register may lose what its NaN carries.
  const target = new Int32Array(dense.buffer);
  const words = new Int32Array(values.buffer, values.byteOffset, values.length);
  for (let e = 0; e < events; e++) {
    const start = offsets[e] as number;
    const stop = offsets[e + 1] as number;
    const base = e * perEvent;
    let last = -1;
    let ascends = true;
    for (let entry = start; entry < stop; entry++) {
      const index = indices[entry] as number;
      if (index <= last) ascends = false;
      last = index;
      target[base + index] = words[entry] as number;
    }
    // Ascending from -1 on, so none is negative, and the last is the largest.
    if (!ascends || last >= perEvent) {
      throw new WireError(
        `Sparse event ${e} has indices that do not ascend from 0 to ${perEvent - 1}, its last value.`,
      );
    }
  }
  return new NdArray<"float32">(dense, { dtype: "float32", shape });
}

/** 1 or 0, without a branch: which values of a shower are zero cannot be guessed. */
function isNonZero(word: number): number {
  return (word | (0 - word)) >>> 31;
}

function entries(indices: Uint16Array | Int32Array): NdArray<"uint16" | "int32"> {
  const shape = [indices.length];
  return indices instanceof Uint16Array
    ? new NdArray<"uint16">(indices, { dtype: "uint16", shape })
    : new NdArray<"int32">(indices, { dtype: "int32", shape });
}

/** The flat parts, once it is sure that they fit each other. */
function check(
  parts: Readonly<Record<keyof SparseArray, NdArray>>,
  events: number,
): { readonly offsets: Int32Array; readonly indices: Uint16Array | Int32Array; readonly values: Float32Array } {
  checkPart("offsets", parts.offsets, ["int32"]);
  checkPart("indices", parts.indices, ["uint16", "int32"]);
  checkPart("values", parts.values, ["float32", "float16"]);
  const offsets = parts.offsets.values() as Int32Array;
  const count = parts.values.size;
  if (parts.indices.size !== count) {
    throw new WireError(`Sparse parts have ${parts.indices.size} indices and ${count} values; they must be as many.`);
  }
  if (offsets.length !== events + 1) {
    throw new WireError(`Sparse offsets are ${offsets.length}; ${events} events need ${events + 1}.`);
  }
  const descends = offsets.some((offset, e) => offset < (offsets[e - 1] ?? 0));
  if (offsets[0] !== 0 || offsets[events] !== count || descends) {
    throw new WireError(
      `Sparse offsets must begin with 0, never descend, and end with ${count}, the number of values.`,
    );
  }
  return {
    offsets,
    indices: parts.indices.values() as Uint16Array | Int32Array,
    values: parts.values.values() as Float32Array,
  };
}

function checkPart(name: string, array: NdArray, dtypes: readonly DType[]): void {
  if (!dtypes.includes(array.dtype) || array.shape.length !== 1) {
    throw new WireError(
      `Sparse ${name} are ${array.dtype} of shape [${array.shape}]; one axis of ${dtypes.join(" or ")} was expected.`,
    );
  }
}
