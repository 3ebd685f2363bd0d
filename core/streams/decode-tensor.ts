import { fromLittleEndian } from "../data/little-endian.ts";
import { NdArray } from "../data/nd-array.ts";
import { SparseArray } from "../data/sparse-array.ts";
import { SparseAllowance, shapeProblem, sizeOf } from "./check-tensor.ts";
import type { EventDType, EventTensor } from "./event.ts";
import { EVENT_LIMITS } from "./event-limits.ts";
import { setOwn } from "./set-own.ts";
import { takeMemory } from "./slab.ts";
import { findWrongIndex, indexProblem } from "./sparse-elements.ts";
import { TENSOR_TYPE_NAMES, type TensorType, tensorType } from "./tensor-types.ts";
import { LENGTH, VARINT, type WireReader } from "./wire-reader.ts";

// Tags of `Tensor` and of `Sparse`: number * 8 + wire type.
const NAME = (1 << 3) | LENGTH;
const DTYPE = (2 << 3) | VARINT;
const SHAPE = (3 << 3) | LENGTH;
const SHAPE_LENGTH = (3 << 3) | VARINT;
const DENSE = (4 << 3) | LENGTH;
const SPARSE = (5 << 3) | LENGTH;
const INDICES = (1 << 3) | LENGTH;
const INDEX = (1 << 3) | VARINT;
const VALUES = (2 << 3) | LENGTH;

/** Fields of `Tensor`, by number. */
const FIELDS: readonly string[] = ["", "name", "dtype", "shape", "dense", "sparse"];

/** Indices that are kept for the next tensor. */
const KEPT = 0x10000;

/** Indices of the tensor that is read; it grows, and is used again. No event is read while another is. */
let indices: Uint32Array = new Uint32Array(1024);

/** Reads the tensors of an event, one after the other. */
export class TensorDecoder {
  /** Those that are read, by name. */
  readonly named: Record<string, EventTensor>;
  readonly #reader: WireReader;
  readonly #allowance: SparseAllowance = new SparseAllowance();
  readonly #names: Set<string> = new Set();
  #count = 0;
  #field = "";
  #form: "none" | "dense" | "sparse" = "none";
  #entries = 0;
  #from = 0;
  #to = 0;

  constructor(reader: WireReader) {
    this.#reader = reader;
    this.named = {};
  }

  /** The field that is read. */
  get path(): string {
    return `tensors[${this.#count}]${this.#field === "" ? "" : `.${this.#field}`}`;
  }

  /** Reads one more. */
  add(): void {
    const reader = this.#reader;
    this.#field = "";
    if (this.#count === EVENT_LIMITS.tensors) reader.fail(`is one of more than ${EVENT_LIMITS.tensors}, the most`);
    const outer = reader.end;
    const start = reader.at;
    const length = reader.length();
    reader.end = reader.at + length;
    let name = "";
    let type: TensorType | undefined;
    const shape: number[] = [];
    this.#form = "none";
    this.#entries = this.#from = this.#to = 0;
    if (indices.length > KEPT) indices = new Uint32Array(KEPT);
    while (reader.at < reader.end) {
      this.#field = "";
      const at = reader.at;
      const tag = reader.tag();
      this.#field = FIELDS[tag >>> 3] ?? "";
      switch (tag) {
        case NAME:
          name = reader.text(EVENT_LIMITS.nameBytes);
          break;
        case DTYPE:
          type = this.#type();
          break;
        case SHAPE:
        case SHAPE_LENGTH:
          this.#shape(shape, tag === SHAPE);
          break;
        case DENSE:
          this.#form = "dense";
          this.#entries = 0;
          this.#bytes();
          break;
        case SPARSE:
          this.#sparse();
          break;
        default:
          if (this.#field !== "") reader.fail(`has wire type ${tag & 7}, which is not its own`, at);
          reader.skip(tag);
      }
    }
    reader.end = outer;
    this.#finish({ name, type, shape, start });
  }

  #type(): TensorType {
    const start = this.#reader.at;
    const number = this.#reader.uint64();
    return (
      tensorType(number > 255n ? 0 : Number(number)) ??
      this.#reader.fail(`is ${BigInt.asIntN(32, number)}; there are ${TENSOR_TYPE_NAMES}`, start)
    );
  }

  #shape(shape: number[], isPacked: boolean): void {
    const reader = this.#reader;
    const stop = isPacked ? reader.length() + reader.at : reader.at + 1;
    while (reader.at < stop) {
      if (shape.length === EVENT_LIMITS.axes) reader.fail(`has more than ${EVENT_LIMITS.axes} axes, the most`);
      const start = reader.at;
      const length = reader.uint64();
      if (length > Number.MAX_SAFE_INTEGER) {
        reader.fail(`has a length of ${BigInt.asIntN(64, length)}; an integer of 0 to 2^53 - 1 is needed`, start);
      }
      shape.push(Number(length));
    }
    if (isPacked && reader.at > stop) reader.fail("ends within a number", stop);
  }

  /** Notes where elements lie. */
  #bytes(): void {
    const reader = this.#reader;
    const length = reader.length();
    this.#from = reader.at;
    reader.at += length;
    this.#to = reader.at;
  }

  /** Elements of a sparse tensor; one that comes in parts is put together, as protocol buffers have it. */
  #sparse(): void {
    const reader = this.#reader;
    if (this.#form !== "sparse") this.#entries = this.#from = this.#to = 0;
    this.#form = "sparse";
    const outer = reader.end;
    const length = reader.length();
    reader.end = reader.at + length;
    while (reader.at < reader.end) {
      this.#field = "sparse";
      const at = reader.at;
      const tag = reader.tag();
      if (tag === INDICES || tag === INDEX) {
        this.#field = "sparse.indices";
        this.#indices(tag === INDICES);
      } else if (tag === VALUES) {
        this.#field = "sparse.values";
        this.#bytes();
      } else if (tag >>> 3 > 2) {
        reader.skip(tag);
      } else {
        reader.fail(`has field ${tag >>> 3} with wire type ${tag & 7}, which is not its own`, at);
      }
    }
    reader.end = outer;
  }

  #indices(isPacked: boolean): void {
    const reader = this.#reader;
    const stop = isPacked ? reader.length() + reader.at : reader.at + 1;
    const most = EVENT_LIMITS.sparseElements;
    let entries = this.#entries;
    while (reader.at < stop) {
      if (isPacked) entries = reader.shortNumbers(indices, entries, stop);
      if (reader.at === stop) break;
      const start = reader.at;
      const index = reader.number();
      if (index >= most) reader.fail(`has the index ${index}; a sparse tensor has at most ${most} elements`, start);
      if (entries === most) reader.fail(`are more than ${most}, the most`, start);
      if (entries === indices.length) indices = grown(indices);
      indices[entries++] = index;
    }
    this.#entries = entries;
    if (isPacked && reader.at > stop) reader.fail("end within a number", stop);
  }

  #finish(read: {
    readonly name: string;
    readonly type: TensorType | undefined;
    readonly shape: readonly number[];
    readonly start: number;
  }): void {
    const { name, type, shape, start } = read;
    if (name === "") this.#refuse("name", "is missing", start);
    if (this.#names.has(name)) {
      this.#refuse("name", `is ${JSON.stringify(name)}, as of another tensor; names must differ`, start);
    }
    if (!type) this.#refuse("dtype", `is missing; there are ${TENSOR_TYPE_NAMES}`, start);
    const problem = shapeProblem(shape);
    if (problem !== undefined) this.#refuse("shape", problem, start);
    if (this.#form === "none") this.#refuse("", "has no elements; dense or sparse must be there", start);
    const tensor = this.#form === "dense" ? this.#dense(type, shape) : this.#scattered(type, shape, start);
    this.#names.add(name);
    setOwn(this.named, name, tensor);
    this.#count++;
  }

  #dense({ dtype, name, bytes }: TensorType, shape: readonly number[]): NdArray<EventDType> {
    const expected = sizeOf(shape) * bytes;
    const length = this.#to - this.#from;
    if (length !== expected) {
      this.#refuse("dense", `has ${length} bytes; ${name} of shape [${shape}] needs ${expected}`, this.#from);
    }
    const memory = new Uint8Array(length);
    this.#reader.copy(this.#from, memory);
    return new NdArray(fromLittleEndian(memory, dtype), { dtype, shape });
  }

  #scattered({ dtype, name, bytes }: TensorType, shape: readonly number[], start: number): SparseArray<EventDType> {
    const size = sizeOf(shape);
    const problem = this.#allowance.problemOf(size);
    if (problem !== undefined) this.#refuse("shape", problem, start);
    const { buffer, byteOffset } = takeMemory(4 * this.#entries);
    const places = new Uint32Array(buffer, byteOffset, this.#entries);
    places.set(indices.subarray(0, this.#entries));
    const expected = places.length * bytes;
    const length = this.#to - this.#from;
    if (length !== expected) {
      const needed = `${places.length} of ${name} need ${expected}`;
      this.#refuse("sparse.values", `has ${length} bytes; ${needed}`, this.#from);
    }
    const wrong = findWrongIndex(places, size);
    if (wrong >= 0) this.#refuse(`sparse.indices[${wrong}]`, indexProblem(places, wrong, size), start);
    const memory = takeMemory(length);
    this.#reader.copy(this.#from, memory);
    return new SparseArray({ places, elements: fromLittleEndian(memory, dtype) }, { dtype, shape, size });
  }

  #refuse(field: string, problem: string, offset: number): never {
    this.#field = field;
    return this.#reader.fail(problem, offset);
  }
}

/** Twice as long, for the rest of this tensor; a very long one is not kept. */
function grown(old: Uint32Array): Uint32Array {
  const longer = new Uint32Array(old.length * 2);
  longer.set(old);
  return longer;
}
