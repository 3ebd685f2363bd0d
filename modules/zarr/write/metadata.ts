import type { Attributes, AttributeValue, DType, NdArray, Variable } from "../../../core/index.ts";
import { attributeJson, DIMENSIONS_V2, fillAttributeText } from "../attributes.ts";
import { below } from "../stored-array.ts";

/** A variable to be written. */
export interface ArrayToWrite {
  readonly variable: Variable;
  readonly key: string;
  readonly chunkShape: readonly number[];
  readonly dimensionNames: readonly string[];
}

/** A group to be written, with its arrays. */
export interface GroupToWrite {
  readonly key: string;
  readonly attributes: Attributes;
  readonly arrays: readonly ArrayToWrite[];
}

/** How chunks are compressed; level 0 is not at all. */
export interface Compression {
  readonly name: "gzip" | "zstd";
  readonly level: number;
}

type Documents = ReadonlyMap<string, object>;

/** Files of metadata of version 3: a `zarr.json` per node, all of them once more in that of the root, as xarray wants. */
export function documentsOfV3(groups: readonly GroupToWrite[], compression: Compression): Documents {
  const nodes = new Map<string, object>();
  for (const { key, attributes, arrays } of groups) {
    nodes.set(key, { zarr_format: 3, node_type: "group", attributes: attributesJson(attributes) });
    for (const array of arrays) nodes.set(array.key, arrayV3(array, compression));
  }
  const below3 = [...nodes].filter(([key]) => key !== "");
  const consolidated_metadata = { kind: "inline", must_understand: false, metadata: Object.fromEntries(below3) };
  return new Map([
    ["zarr.json", { ...nodes.get(""), consolidated_metadata }],
    ...below3.map(([key, node]): [string, object] => [below(key, "zarr.json"), node]),
  ]);
}

function arrayV3({ variable, chunkShape, dimensionNames }: ArrayToWrite, compression: Compression): object {
  const { dtype, shape } = variable;
  const fill = fillOf(variable);
  const isText = dtype === "string";
  const serializer = isText
    ? { name: "vlen-utf8", configuration: {} }
    : { name: "bytes", ...(bytesPer(dtype) > 1 && { configuration: { endian: "little" } }) };
  const { name, level } = compression;
  const configuration = name === "gzip" ? { level } : { level, checksum: false };
  return {
    zarr_format: 3,
    node_type: "array",
    shape,
    data_type: dtype,
    chunk_grid: { name: "regular", configuration: { chunk_shape: chunkShape } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    // What was never written; as xarray, NaN for floats. Which value stands for missing is the attribute's to say.
    fill_value: isText ? "" : dtype === "bool" ? false : dtype.startsWith("float") ? "NaN" : 0,
    codecs: [serializer, ...(level > 0 ? [{ name, configuration }] : [])],
    attributes: {
      ...variableAttributes(variable),
      ...(fill !== undefined && { _FillValue: dtype.startsWith("float") ? fillAttributeText(Number(fill)) : fill }),
    },
    dimension_names: dimensionNames,
    storage_transformers: [],
  };
}

/** Files of metadata of version 2, and all of them in `.zmetadata`. */
export function documentsOfV2(groups: readonly GroupToWrite[], compression: Compression): Documents {
  const documents = new Map<string, object>();
  for (const { key, attributes, arrays } of groups) {
    documents.set(below(key, ".zgroup"), { zarr_format: 2 });
    documents.set(below(key, ".zattrs"), attributesJson(attributes));
    for (const array of arrays) {
      documents.set(below(array.key, ".zarray"), arrayV2(array, compression));
      documents.set(below(array.key, ".zattrs"), {
        ...variableAttributes(array.variable),
        [DIMENSIONS_V2]: array.dimensionNames,
      });
    }
  }
  const metadata = Object.fromEntries(documents);
  return new Map([...documents, [".zmetadata", { zarr_consolidated_format: 1, metadata }]]);
}

function arrayV2({ variable, chunkShape }: ArrayToWrite, { name, level }: Compression): object {
  const { dtype, shape } = variable;
  const isText = dtype === "string";
  return {
    zarr_format: 2,
    shape,
    chunks: chunkShape,
    dtype: DTYPES_V2[dtype],
    compressor: level > 0 ? { id: name, level } : null,
    fill_value: v2Fill(fillOf(variable)),
    order: "C",
    filters: isText ? [{ id: "vlen-utf8" }] : null,
    dimension_separator: ".",
  };
}

const DTYPES_V2: Readonly<Record<DType, string>> = {
  float16: "<f2",
  float32: "<f4",
  float64: "<f8",
  int8: "|i1",
  int16: "<i2",
  int32: "<i4",
  int64: "<i8",
  uint8: "|u1",
  uint16: "<u2",
  uint32: "<u4",
  uint64: "<u8",
  bool: "|b1",
  string: "|O",
};

function bytesPer(dtype: DType): number {
  return Number(DTYPES_V2[dtype].slice(2)) || 1;
}

/** Special floats are texts; `null` is no fill value. */
function v2Fill(fill: number | bigint | undefined): unknown {
  if (fill === undefined) return null;
  return typeof fill === "number" && !Number.isFinite(fill) ? String(fill) : fill;
}

/** The value that stands for missing. */
function fillOf({ attributes, fillValue, dtype }: Variable): number | bigint | undefined {
  if (dtype === "string" || dtype === "bool") return undefined;
  if (fillValue !== undefined) return fillValue;
  const stated = scalarOf(attributes["_FillValue"]);
  return typeof stated === "number" || typeof stated === "bigint" ? stated : undefined;
}

function scalarOf(value: AttributeValue | undefined): unknown {
  const array = value as NdArray | undefined;
  if (typeof value !== "object" || array === undefined) return value;
  return array.size === 1 ? array.reshape([]).at() : undefined;
}

/** Attributes, `_FillValue` left out, and the unit where no attribute states it. */
function variableAttributes({ attributes, unit, dtype }: Variable): Record<string, unknown> {
  const isText = dtype === "string" || dtype === "bool";
  const others = Object.entries(attributes).filter(
    ([name]) => name !== DIMENSIONS_V2 && (isText || name !== "_FillValue"),
  );
  const isStated = Object.hasOwn(attributes, "units") || unit === undefined;
  return { ...attributesJson(Object.fromEntries(others)), ...(!isStated && { units: unit }) };
}

function attributesJson(attributes: Attributes): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, attributeJson(value)]));
}
