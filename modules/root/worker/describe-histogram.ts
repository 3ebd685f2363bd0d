import type { DType } from "../../../core/index.ts";
import { damaged } from "./failure.ts";
import type { RootObject } from "./jsroot.ts";
import { listOf, numberOf, numbersOf, objectOf, textOf } from "./members.ts";
import type { HistogramArrays, ObjectKey, RawAxis, RawHistogram, TypedArray } from "./protocol.ts";

const CLASS = /^(?:TH([123])([CSILFD])|TProfile([23]D)?)$/;
const DTYPES: Readonly<Record<string, DType>> = {
  C: "int8",
  S: "int16",
  I: "int32",
  L: "int64",
  F: "float32",
  D: "float64",
};
/** Bins of an axis; more are taken for damage. */
const MAX_BINS = 1e8;

export function isHistogram(className: string): boolean {
  return CLASS.test(className);
}

/** What a histogram is, without its contents. */
export function describeHistogram(object: RootObject, key: ObjectKey, name: string): RawHistogram {
  const [, dimensions, letter, profile] = CLASS.exec(key.className) ?? [];
  const isProfile = dimensions === undefined;
  const count = isProfile ? Number(profile?.[0] ?? 1) : Number(dimensions);
  const axes = ["x", "y", "z"].slice(0, count).map((axis): RawAxis => axisOf(object, axis));
  return {
    key: { ...key },
    name,
    title: textOf(object, "fTitle"),
    entries: numberOf(object, "fEntries"),
    axes,
    dtype: isProfile ? "float64" : (DTYPES[letter as string] as DType),
    isProfile,
  };
}

function axisOf(object: RootObject, name: string): RawAxis {
  const axis = objectOf(object, `f${name.toUpperCase()}axis`);
  if (axis === undefined) throw damaged(`it has no axis ${name}`);
  const bins = numberOf(axis, "fNbins");
  if (!Number.isInteger(bins) || bins < 1 || bins > MAX_BINS) throw damaged(`axis ${name} has ${bins} bins`);
  return { name, title: textOf(axis, "fTitle"), edges: edgesOf(axis, bins), labels: labelsOf(axis, bins) };
}

/** Given edges where there are some, else equal steps. */
function edgesOf(axis: RootObject, bins: number): Float64Array<ArrayBuffer> {
  const given = numbersOf(axis, "fXbins");
  if (given.length === bins + 1) return Float64Array.from(given);
  if (given.length > 0) throw damaged(`an axis of ${bins} bins has ${given.length} edges`);
  const [low, high] = [numberOf(axis, "fXmin"), numberOf(axis, "fXmax")];
  const edges = new Float64Array(bins + 1);
  const width = (high - low) / bins; // as ROOT and uproot compute them, to the last bit
  for (let i = 0; i < bins; i++) edges[i] = low + i * width;
  edges[bins] = high;
  return edges;
}

/** Names of bins are in a list of strings whose ids are the bins, counted from 1. */
function labelsOf(axis: RootObject, bins: number): string[] | undefined {
  const named = listOf(axis, "fLabels");
  if (named.length === 0) return undefined;
  const labels = new Array<string>(bins).fill("");
  for (const label of named) {
    const bin = label === undefined ? 0 : numberOf(label, "fUniqueID");
    if (label !== undefined && bin >= 1 && bin <= bins) labels[bin - 1] = textOf(label, "fString");
  }
  return labels;
}

const CONSTRUCTORS: Readonly<Record<string, (values: ArrayLike<unknown>) => TypedArray>> = {
  int8: (values) => Int8Array.from(values as ArrayLike<number>),
  int16: (values) => Int16Array.from(values as ArrayLike<number>),
  int32: (values) => Int32Array.from(values as ArrayLike<number>),
  int64: (values) => BigInt64Array.from(values as ArrayLike<bigint>, BigInt),
  float32: (values) => Float32Array.from(values as ArrayLike<number>),
  float64: (values) => Float64Array.from(values as ArrayLike<number>),
};

/** The arrays of a histogram, under- and overflow included, as they are stored: the first axis runs fastest. */
export function histogramArrays(object: RootObject, { dtype, isProfile, axes }: RawHistogram): HistogramArrays {
  const cells = axes.reduce((product, { edges }) => product * (edges.length + 1), 1);
  const read = (member: string): ArrayLike<unknown> | undefined => {
    const value = object[member];
    if ((!Array.isArray(value) && !ArrayBuffer.isView(value)) || (value as unknown as ArrayLike<unknown>).length === 0)
      return undefined;
    const array = value as ArrayLike<unknown>;
    if (array.length !== cells) throw damaged(`${member} has ${array.length} values for ${cells} bins`);
    return array;
  };
  const stored = read("fArray");
  if (stored === undefined) throw damaged("it has no contents");
  if (isProfile) return profileArrays(Float64Array.from(stored as ArrayLike<number>), read);
  const values = (CONSTRUCTORS[dtype] as (values: ArrayLike<unknown>) => TypedArray)(stored);
  const squares = read("fSumw2");
  // Without weights the variance of a content is the content, and of less than nothing none, as uproot has it.
  const variances = squares ?? Array.from(values as ArrayLike<number | bigint>, (value) => Math.max(0, Number(value)));
  return { values, variances: Float64Array.from(variances as ArrayLike<number>) };
}

/** A profile keeps sums; its contents are means, and 0 in empty bins, as ROOT's GetBinContent gives them. */
function profileArrays(
  sums: Float64Array<ArrayBuffer>,
  read: (member: string) => ArrayLike<unknown> | undefined,
): HistogramArrays {
  const entries = Float64Array.from((read("fBinEntries") ?? []) as ArrayLike<number>);
  const squares = Float64Array.from((read("fSumw2") ?? []) as ArrayLike<number>);
  if (entries.length !== sums.length) throw damaged("a profile has no entries of its bins");
  const values = sums.map((sum, bin) => (entries[bin] === 0 ? 0 : sum / (entries[bin] as number)));
  return { values, sums, bin_entries: entries, ...(squares.length > 0 && { sum_squares: squares }) };
}
