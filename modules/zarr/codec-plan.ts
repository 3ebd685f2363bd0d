import { isObject, type Json, type JsonObject } from "./json.ts";
import type { StoredType } from "./stored-type.ts";

/** A codec, as the metadata name it. */
export interface CodecSpec {
  /** Without the prefix `numcodecs.`. */
  readonly name: string;
  readonly configuration: JsonObject;
}

/** How a chunk is made of bytes. Steps are in the order of writing. */
export interface CodecPlan {
  /** Change values, not their places: delta, scale_offset, cast_value. */
  readonly arraySteps: readonly CodecSpec[];
  /** The stored order of the axes: `[1, 0]` for Fortran order in two dimensions. */
  readonly order: readonly number[];
  /** How values become bytes. */
  readonly values: "bytes" | "vlen-utf8" | "json2";
  readonly bigEndian: boolean;
  readonly byteSteps: readonly CodecSpec[];
  /** Chunks inside of a shard. */
  readonly shard?: ShardPlan;
}

/** How a shard holds its chunks. */
export interface ShardPlan {
  readonly chunkShape: readonly number[];
  readonly codecs: CodecPlan;
  readonly indexAtEnd: boolean;
  /** Whether a CRC-32C follows the index. */
  readonly indexIsChecked: boolean;
}

/** A chunk cannot be read by the codecs that there are. Its message follows the variable's path. */
export class CodecProblem extends Error {}

const ARRAY_STEPS = new Set(["delta", "fixedscaleoffset", "scale_offset", "cast_value", "bitround"]);
const BYTE_STEPS = new Set(["gzip", "zlib", "zstd", "blosc", "lz4", "crc32c", "shuffle"]);

/** Names of all codecs that can be read. */
const READABLE = [...BYTE_STEPS, ...ARRAY_STEPS, "transpose", "vlen-utf8", "json2", "sharding_indexed"];

/** The codecs of v2: filters, then a compressor; `order` is `"C"` or `"F"`. @throws CodecProblem */
export function planOfV2(
  { filters, compressor, order }: JsonObject,
  { type, rank }: { readonly type: StoredType; readonly rank: number },
): CodecPlan {
  const specs = [...(Array.isArray(filters) ? filters : []), ...(isObject(compressor) ? [compressor] : [])];
  const codecs = specs.map((spec: Json): CodecSpec => {
    if (!isObject(spec)) throw new CodecProblem("a codec has no `id`");
    const { id, ...configuration } = spec;
    return { name: bareName(id), configuration };
  });
  if (order !== "C" && order !== "F") throw new CodecProblem(`order is ${JSON.stringify(order)}, and neither C nor F`);
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  if (order === "F") axes.reverse();
  return plan(codecs.flatMap(withCast), { type, order: axes, bigEndian: type.bigEndian });
}

/** The codecs of v3. @throws CodecProblem */
export function planOfV3(
  raw: Json | undefined,
  { type, chunkShape }: { readonly type: StoredType; readonly chunkShape: readonly number[] },
): CodecPlan {
  const codecs = specsOf(raw);
  const [first] = codecs;
  if (codecs.some(({ name }) => name === "sharding_indexed")) {
    if (codecs.length > 1) throw new CodecProblem('codecs beside "sharding_indexed" are not read');
    const shard = shardOf((first as CodecSpec).configuration, { type, chunkShape });
    return { ...shard.codecs, shard };
  }
  let order = chunkShape.map((_, axis) => axis);
  const rest: CodecSpec[] = [];
  let bigEndian = false;
  for (const codec of codecs) {
    if (codec.name === "transpose") order = transposed(order, codec.configuration["order"]);
    else rest.push(codec);
    if (codec.name === "bytes") bigEndian = codec.configuration["endian"] === "big";
  }
  return plan(rest, { type, order, bigEndian });
}

function specsOf(raw: Json | undefined): readonly CodecSpec[] {
  if (!Array.isArray(raw)) throw new CodecProblem("it has no list of codecs");
  return raw.map((spec: Json): CodecSpec => {
    const name = isObject(spec) ? spec["name"] : spec;
    const configuration = isObject(spec) ? spec["configuration"] : undefined;
    return { name: bareName(name), configuration: isObject(configuration) ? configuration : {} };
  });
}

function bareName(name: Json | undefined): string {
  if (typeof name !== "string") throw new CodecProblem("a codec has no name");
  return name.replace(/^numcodecs\./, "");
}

/** numcodecs' `fixedscaleoffset` is Zarr v3's `scale_offset` and `cast_value`. */
function withCast(codec: CodecSpec): CodecSpec[] {
  if (codec.name !== "fixedscaleoffset") return [codec];
  const { scale = 1, offset = 0, astype, dtype } = codec.configuration;
  const steps: CodecSpec[] = [{ name: "scale_offset", configuration: { scale, offset } }];
  if (astype === undefined || astype === dtype) return steps;
  const stored = typeof astype === "string" ? CAST_TYPES[astype.replace(/^[<|]/, "")] : undefined;
  if (stored === undefined) throw new CodecProblem(`the codec "fixedscaleoffset" stores ${JSON.stringify(astype)}`);
  const rounding = { rounding: "nearest-even", out_of_range: "wrap" };
  return [...steps, { name: "cast_value", configuration: { data_type: stored, ...rounding } }];
}

const CAST_TYPES: Readonly<Record<string, string>> = {
  i1: "int8",
  u1: "uint8",
  i2: "int16",
  u2: "uint16",
  i4: "int32",
  u4: "uint32",
  f4: "float32",
  f8: "float64",
};

function plan(
  codecs: readonly CodecSpec[],
  about: { readonly type: StoredType; readonly order: readonly number[]; readonly bigEndian: boolean },
): CodecPlan {
  const { type, order, bigEndian } = about;
  const arraySteps: CodecSpec[] = [];
  const byteSteps: CodecSpec[] = [];
  let values: CodecPlan["values"] = "bytes";
  for (const codec of codecs) {
    const { name } = codec;
    if (name === "vlen-utf8" || name === "json2") values = name;
    else if (ARRAY_STEPS.has(name)) arraySteps.push(codec);
    else if (BYTE_STEPS.has(name)) byteSteps.push(codec);
    else if (name !== "bytes") {
      throw new CodecProblem(`it needs the codec "${name}". Those that can be read: ${READABLE.join(", ")}`);
    }
  }
  if (type.form === "text" && values === "bytes") {
    throw new CodecProblem("its objects have no codec that can be read: vlen-utf8, json2");
  }
  if (type.form !== "text" && values !== "bytes") throw new CodecProblem(`the codec "${values}" is for texts`);
  checkArraySteps(arraySteps, type);
  return { arraySteps: arraySteps.filter(({ name }) => name !== "bitround"), order, values, bigEndian, byteSteps };
}

/** Refuses what zarrita would get wrong without saying so. */
function checkArraySteps(steps: readonly CodecSpec[], { form }: StoredType): void {
  for (const { name, configuration } of steps) {
    if (form !== "number" && !(form === "half" && name === "bitround")) {
      throw new CodecProblem(`the codec "${name}" is not read for this type`);
    }
    const { dtype, astype } = configuration;
    if (name === "delta" && astype !== undefined && astype !== dtype) {
      throw new CodecProblem('the codec "delta" is not read where it stores another type');
    }
  }
}

function transposed(order: readonly number[], by: Json | undefined): number[] {
  const axes = order.map((_, axis) => axis);
  if (by === "C") return [...order];
  if (by === "F") return [...order].reverse();
  const isPermutation =
    Array.isArray(by) &&
    by.length === axes.length &&
    axes.every((axis) => by.filter((each) => each === axis).length === 1);
  if (!isPermutation) throw new CodecProblem('the codec "transpose" has no order of all axes');
  return (by as number[]).map((axis) => order[axis] as number);
}

function shardOf(
  { chunk_shape, codecs, index_codecs, index_location = "end" }: JsonObject,
  { type, chunkShape }: { readonly type: StoredType; readonly chunkShape: readonly number[] },
): ShardPlan {
  const isDivided =
    Array.isArray(chunk_shape) &&
    chunk_shape.length === chunkShape.length &&
    chunk_shape.every(
      (length, axis) => Number.isInteger(length) && length > 0 && (chunkShape[axis] as number) % length === 0,
    );
  if (!isDivided) throw new CodecProblem("its shards do not consist of whole chunks");
  if (index_location !== "end" && index_location !== "start")
    throw new CodecProblem("its shards have no place for an index");
  const [bytes, check, ...more] = specsOf(index_codecs);
  const isPlain = bytes?.name === "bytes" && bytes.configuration["endian"] !== "big";
  if (!isPlain || more.length > 0 || (check !== undefined && check.name !== "crc32c")) {
    throw new CodecProblem("the index of its shards is not plain, with or without crc32c");
  }
  const inner = planOfV3(codecs, { type, chunkShape: chunk_shape });
  if (inner.shard) throw new CodecProblem("shards inside of shards are not read");
  return {
    chunkShape: chunk_shape,
    codecs: inner,
    indexAtEnd: index_location === "end",
    indexIsChecked: check !== undefined,
  };
}

/** The steps in words, for `Storage.filters`. */
export function filterNames({ arraySteps, byteSteps, shard }: CodecPlan): string[] {
  const names = [...arraySteps, ...byteSteps].map(({ name, configuration }) => {
    const details = [configuration["cname"], configuration["level"] ?? configuration["clevel"]];
    const known = details.filter((detail) => typeof detail === "string" || typeof detail === "number");
    return known.length > 0 ? `${name}(${known.join(", ")})` : name;
  });
  return shard ? [...names, "sharding"] : names;
}
