import { endianness } from "node:os";
import { allocate, type DataOf, type DType, decodeHalves, NdArray } from "../../core/index.ts";
import { decodeBytes } from "./byte-codecs.ts";
import { type CodecPlan, CodecProblem } from "./codec-plan.ts";
import type { StoredType } from "./stored-type.ts";
import { decodeFixedTexts, decodeJsonTexts, decodeTexts } from "./texts.ts";

/** Room for checksums and the like around the values of a chunk. */
const SLACK_BYTES = 1024;

/** What a chunk consists of. */
export interface ChunkLayout {
  readonly type: StoredType;
  readonly plan: CodecPlan;
  readonly chunkShape: readonly number[];
  /** Most bytes of texts of any length. */
  readonly maxTextBytes: number;
}

/**
 * The elements of a chunk, row-major.
 *
 * @throws CodecProblem when their number is wrong; what a codec throws on damaged bytes.
 */
export async function decodeChunk(stored: Uint8Array, layout: ChunkLayout): Promise<DataOf<DType>> {
  const { type, plan, chunkShape } = layout;
  const count = chunkShape.reduce((product, length) => product * length, 1);
  const steps = await arraySteps(layout);
  const elementBytes = steps?.bytes ?? type.bytes;
  const expected = type.form === "text" ? undefined : count * elementBytes;
  let bytes = stored;
  for (const codec of plan.byteSteps.toReversed()) {
    bytes = await decodeBytes(codec, bytes, (expected ?? layout.maxTextBytes) + SLACK_BYTES, elementBytes);
  }
  if (expected !== undefined && bytes.length !== expected) {
    throw new CodecProblem(`it has ${bytes.length} bytes of values, and ${expected} are expected`);
  }
  if (steps) return rowMajor(steps.decode(numbers(bytes, { ...plan, dtype: steps.dtype, size: elementBytes })), layout);
  return rowMajor(values(bytes, count, layout), layout);
}

function values(bytes: Uint8Array, count: number, { type, plan }: ChunkLayout): DataOf<DType> {
  const { bigEndian } = plan;
  switch (type.form) {
    case "number":
      return numbers(bytes, { dtype: type.dtype, size: type.bytes, bigEndian });
    case "half":
      return decodeHalves(numbers(bytes, { dtype: "uint16", size: 2, bigEndian }) as Uint16Array);
    case "bool":
      return bytes.map((byte) => (byte === 0 ? 0 : 1));
    case "utf32":
    case "bytes":
      return decodeFixedTexts(bytes, count, { form: type.form, size: type.bytes, bigEndian });
    case "text":
      return plan.values === "json2" ? decodeJsonTexts(bytes, count) : decodeTexts(bytes, count);
  }
}

/** The bytes as a typed array, in the byte order of this machine; in place, as every chunk has memory of its own. */
function numbers(
  bytes: Uint8Array,
  { dtype, size, bigEndian }: { readonly dtype: DType; readonly size: number; readonly bigEndian: boolean },
): Exclude<DataOf<DType>, string[]> {
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  const { buffer, byteOffset, byteLength } = aligned;
  if (bigEndian === (endianness() === "LE")) {
    const stored = Buffer.from(buffer, byteOffset, byteLength);
    if (size === 2) stored.swap16();
    else if (size === 4) stored.swap32();
    else if (size === 8) stored.swap64();
  }
  const sample = allocate(dtype, 0) as Exclude<DataOf<DType>, string[]>;
  type Constructor = new (buffer: ArrayBufferLike, offset: number, length: number) => Exclude<DataOf<DType>, string[]>;
  return new (sample.constructor as Constructor)(buffer, byteOffset, byteLength / size);
}

/** Chunks in another order of the axes are copied; the rest is handed on. */
function rowMajor(data: DataOf<DType>, { type, plan, chunkShape }: ChunkLayout): DataOf<DType> {
  const { order } = plan;
  if (order.every((axis, place) => axis === place)) return data;
  const strides = new Array<number>(order.length);
  let step = 1;
  for (let place = order.length - 1; place >= 0; place--) {
    const axis = order[place] as number;
    strides[axis] = step;
    step *= chunkShape[axis] as number;
  }
  return new NdArray(data, { dtype: type.dtype, shape: chunkShape, strides }).contiguous().data;
}

interface ArraySteps {
  /** Type of the stored numbers. */
  readonly dtype: DType;
  readonly bytes: number;
  decode(values: DataOf<DType>): DataOf<DType>;
}

/** The codecs that change values, by zarrita; they see the values of a chunk as one row. */
async function arraySteps({ type, plan, chunkShape }: ChunkLayout): Promise<ArraySteps | undefined> {
  if (plan.arraySteps.length === 0) return undefined;
  const { registry } = await import("zarrita");
  const length = chunkShape.reduce((product, each) => product * each, 1);
  type Meta = Parameters<Awaited<ReturnType<NonNullable<ReturnType<typeof registry.get>>>>["fromConfig"]>[1];
  let meta: Meta = { dataType: type.dtype as Meta["dataType"], shape: [length], codecs: [], fillValue: null };
  const codecs: { decode(chunk: unknown): unknown }[] = [];
  for (const { name, configuration } of plan.arraySteps) {
    const entry = await (registry.get(name) ?? registry.get(`numcodecs.${name}`))?.();
    if (entry === undefined) throw new CodecProblem(`zarrita has no codec "${name}"`);
    const codec = entry.fromConfig(configuration, meta);
    codecs.push(codec as unknown as { decode(chunk: unknown): unknown });
    if (codec.getEncodedMeta) meta = codec.getEncodedMeta(meta);
  }
  const dtype = meta.dataType as DType;
  const sample = allocate(dtype, 0) as Exclude<DataOf<DType>, string[]>;
  return {
    dtype,
    bytes: sample.BYTES_PER_ELEMENT,
    decode: (values) => {
      let chunk: unknown = { data: values, shape: [length], stride: [1] };
      for (const codec of codecs.toReversed()) chunk = codec.decode(chunk);
      return (chunk as { readonly data: DataOf<DType> }).data;
    },
  };
}
