import { decodeText } from "../text.ts";
import type { HdfLibrary } from "./library.ts";
import type { ElementLayout, RawValues } from "./protocol.ts";

/** Collects what is read, block by block. Positions are those of leaves in the result, row-major. */
export interface Sink {
  /** Takes `count` consecutive elements at `pointer` of the library's memory. */
  take(library: HdfLibrary, file: bigint, pointer: number, position: number, count: number): void;
  values(): RawValues;
}

/** The sink that fits a layout. @param total - Elements in the result. */
export function sinkFor(element: ElementLayout, total: number): Sink {
  const leaves = total * element.offsets.length;
  if (element.leaf === "plain") return new ByteSink(element, leaves);
  if (element.leaf === "sequence") return new SequenceSink(element, leaves);
  return new StringSink(element, leaves);
}

/** A block in the library's memory, and where it goes. */
export interface GatherBlock {
  readonly file: bigint;
  readonly element: ElementLayout;
  readonly pointer: number;
  readonly block: readonly { readonly from: number; readonly count: number }[];
  /** Shape of the whole result. */
  readonly shape: readonly number[];
  readonly sink: Sink;
}

/** Hands a block over, in runs that are consecutive both in the block and in the result. */
export function gather(library: HdfLibrary, { file, element, pointer, block, shape, sink }: GatherBlock): void {
  // Trailing axes that are whole in the block make longer runs.
  let runAxis = shape.length - 1;
  while (runAxis > 0 && block[runAxis]?.count === shape[runAxis]) runAxis--;
  const runLength = block.slice(Math.max(0, runAxis)).reduce((product, { count }) => product * count, 1);
  let from = pointer;
  const visit = (axis: number, position: number): void => {
    const stretch = block[axis];
    if (stretch === undefined || axis === runAxis) {
      const inner = shape.slice(runAxis + 1).reduce((product, length) => product * length, 1);
      sink.take(
        library,
        file,
        from,
        position * (shape[runAxis] ?? 1) * inner + (stretch?.from ?? 0) * inner,
        runLength,
      );
      from += runLength * element.size;
      return;
    }
    for (let i = 0; i < stretch.count; i++) {
      visit(axis + 1, position * (shape[axis] as number) + stretch.from + i);
    }
  };
  visit(0, 0);
}

class ByteSink implements Sink {
  readonly #element: ElementLayout;
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor(element: ElementLayout, leaves: number) {
    this.#element = element;
    this.#bytes = new Uint8Array(leaves * element.leafSize);
  }

  take({ module }: HdfLibrary, _file: bigint, pointer: number, position: number, count: number): void {
    const { size, offsets, leafSize } = this.#element;
    const heap = module.HEAPU8;
    const recordBytes = offsets.length * leafSize;
    let to = position * recordBytes;
    if (recordBytes === size) {
      this.#bytes.set(heap.subarray(pointer, pointer + count * size), to);
      return;
    }
    for (let i = 0; i < count; i++) {
      for (const offset of offsets) {
        const from = pointer + i * size + offset;
        for (let byte = 0; byte < leafSize; byte++) this.#bytes[to++] = heap[from + byte] as number;
      }
    }
  }

  values(): RawValues {
    return { kind: "bytes", bytes: this.#bytes };
  }
}

/** Variable-length strings, and the names of what references point to. */
class StringSink implements Sink {
  readonly #element: ElementLayout;
  readonly #strings: string[];

  constructor(element: ElementLayout, leaves: number) {
    this.#element = element;
    this.#strings = new Array<string>(leaves).fill("");
  }

  take(library: HdfLibrary, file: bigint, pointer: number, position: number, count: number): void {
    const { size, offsets, leafSize, leaf } = this.#element;
    let to = position * offsets.length;
    for (let i = 0; i < count; i++) {
      for (const offset of offsets) {
        const at = pointer + i * size + offset;
        this.#strings[to++] =
          leaf === "string"
            ? textAt(library.module.HEAPU8, uint32At(library.module.HEAPU8, at))
            : referencedName(library, file, library.module.HEAPU8.slice(at, at + leafSize), leaf);
      }
    }
  }

  values(): RawValues {
    return { kind: "strings", strings: this.#strings };
  }
}

class SequenceSink implements Sink {
  readonly #element: ElementLayout;
  readonly #counts: Uint32Array<ArrayBuffer>;
  /** Bytes of each sequence, by position: blocks may come in another order. */
  readonly #parts: Uint8Array[];

  constructor(element: ElementLayout, leaves: number) {
    this.#element = element;
    this.#counts = new Uint32Array(leaves);
    this.#parts = new Array<Uint8Array>(leaves);
  }

  take({ module }: HdfLibrary, _file: bigint, pointer: number, position: number, count: number): void {
    const { size, offsets, baseSize = 1 } = this.#element;
    const heap = module.HEAPU8;
    let to = position * offsets.length;
    for (let i = 0; i < count; i++) {
      for (const offset of offsets) {
        const at = pointer + i * size + offset;
        const length = uint32At(heap, at);
        const data = uint32At(heap, at + 4);
        this.#counts[to] = length;
        this.#parts[to++] = heap.slice(data, data + length * baseSize);
      }
    }
  }

  values(): RawValues {
    const bytes = new Uint8Array(this.#parts.reduce((total, part) => total + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return { kind: "sequences", counts: this.#counts, bytes };
  }
}

function uint32At(heap: Uint8Array, at: number): number {
  return new DataView(heap.buffer, heap.byteOffset + at, 4).getUint32(0, true);
}

/** The text at a pointer; a string that was never written has a null pointer, and is empty. */
function textAt(heap: Uint8Array, pointer: number): string {
  if (pointer === 0) return "";
  const bytes = Buffer.from(heap.buffer, heap.byteOffset + pointer, heap.indexOf(0, pointer) - pointer);
  return decodeText(bytes);
}

/** Path of the object that a reference leads to; empty for a null reference. */
function referencedName(library: HdfLibrary, file: bigint, reference: Uint8Array, leaf: ElementLayout["leaf"]): string {
  if (reference.every((byte) => byte === 0)) return "";
  const name = library.checkSilent("following a reference", (module) =>
    module.get_referenced_name(file, reference, leaf === "reference-object"),
  );
  return name ?? "";
}
