import type { Attributes, AttributeValue, Dataset, Variable } from "../../data/dataset.ts";
import { NdArray } from "../../data/nd-array.ts";
import { readBlocks } from "../../data/read-blocks.ts";
import { namesOfBoth } from "../names-of-both.ts";
import type { Closeness } from "./closeness.ts";

/** Values of one file held at once. */
const BLOCK_BYTES = 16e6;

/**
 * Compares two datasets: groups, variables, attributes, dims, dtypes, shapes and units must be the same, numbers may be
 * close. Reads both block by block, whatever their chunks.
 */
export async function compareDatasets(
  a: Dataset,
  b: Dataset,
  closeness: Closeness,
  options: { readonly signal?: AbortSignal | undefined } = {},
  path = "",
): Promise<void> {
  compareAttributes(a.attributes, b.attributes, closeness, path);
  for (const name of both("variable", a.variables, b.variables, { closeness, path, separator: "/" })) {
    const variables = [a.variables[name] as Variable, b.variables[name] as Variable] as const;
    await compareVariables(variables, { closeness, path: `${path}/${name}`, options });
  }
  for (const name of both("group", a.groups, b.groups, { closeness, path, separator: "/" })) {
    await compareDatasets(a.groups[name] as Dataset, b.groups[name] as Dataset, closeness, options, `${path}/${name}`);
  }
}

interface Place {
  readonly closeness: Closeness;
  readonly path: string;
}

async function compareVariables(
  [a, b]: readonly [Variable, Variable],
  { closeness, path, options }: Place & { readonly options: { readonly signal?: AbortSignal | undefined } },
): Promise<void> {
  const facts = ({ dtype, dims, shape, unit }: Variable): readonly string[] => [
    dtype,
    `[${dims}]`,
    `[${shape}]`,
    unit ?? "no unit",
  ];
  const [ours, theirs] = [facts(a), facts(b)];
  const names = ["dtype", "dims", "shape", "unit"].filter((_, index) => ours[index] !== theirs[index]);
  if (names.length > 0) {
    closeness.differ(`"${path}" has another ${names.join(" and ")}.`);
    return;
  }
  compareAttributes(a.attributes, b.attributes, closeness, path);
  const blocks = (variable: Variable): Cursor =>
    new Cursor(readBlocks(variable, {}, { maxBytes: BLOCK_BYTES, ...options }));
  await using left = blocks(a);
  await using right = blocks(b);
  for (;;) {
    const [mine, other] = [await left.rest(), await right.rest()];
    // Shapes are equal, and so both end together.
    if (mine === undefined || other === undefined) return;
    const count = Math.min(mine.length, other.length);
    compareValues({ closeness, path, unit: a.unit }, left.take(count), right.take(count));
  }
}

/** Values of a variable in row-major order, block by block; blocks of two files seldom end together. */
class Cursor implements AsyncDisposable {
  readonly #blocks: AsyncGenerator<NdArray>;
  #values: Values = [];
  #position = 0;

  constructor(blocks: AsyncGenerator<NdArray>) {
    this.#blocks = blocks;
  }

  /** What is left of the current block, or the next one; `undefined` at the end. */
  async rest(): Promise<{ readonly length: number } | undefined> {
    while (this.#position >= this.#values.length) {
      const next = await this.#blocks.next();
      if (next.done) return undefined;
      this.#values = next.value.values() as Values;
      this.#position = 0;
    }
    return { length: this.#values.length - this.#position };
  }

  take(count: number): Values {
    const from = this.#position;
    this.#position += count;
    const values = this.#values;
    return Array.isArray(values) ? values.slice(from, from + count) : values.subarray(from, from + count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#blocks.return(undefined);
  }
}

type Values = string[] | Float64Array | BigInt64Array;

function compareValues(
  { closeness, path, unit }: Place & { readonly unit: string | undefined },
  a: Values,
  b: Values,
): void {
  if (!Array.isArray(a) && !Array.isArray(b)) {
    closeness.addNumbers(path, a, b, unit);
  } else if (Array.from<unknown>(a).some((text, index) => text !== b[index])) {
    closeness.differ(`Texts of "${path}" differ.`);
  }
}

function compareAttributes(a: Attributes, b: Attributes, closeness: Closeness, path: string): void {
  for (const name of both("attribute", a, b, { closeness, path, separator: "@" })) {
    compareAttribute(a[name] as AttributeValue, b[name] as AttributeValue, { closeness, path: `${path}@${name}` });
  }
}

function compareAttribute(a: AttributeValue, b: AttributeValue, { closeness, path }: Place): void {
  const [ours, theirs] = [plain(a), plain(b)];
  const isSameKind = typeof ours === typeof theirs && String(shapeOf(ours)) === String(shapeOf(theirs));
  const areArrays = ours instanceof NdArray && theirs instanceof NdArray;
  if (!isSameKind || (areArrays && ours.dtype !== theirs.dtype)) {
    closeness.differ(`"${path}" has another type or shape.`);
  } else if (areArrays) {
    compareValues({ closeness, path, unit: ours.unit }, ours.values() as Values, theirs.values() as Values);
  } else if (typeof ours === "number" && typeof theirs === "number") {
    closeness.addNumbers(path, [ours], [theirs]);
  } else if (ours !== theirs) {
    closeness.differ(`"${path}" has another value.`);
  }
}

/** A scalar counts by its value, as in content digests: 5 as int32 is 5 as float64. */
function plain(value: AttributeValue): AttributeValue {
  const scalar = value instanceof NdArray && value.shape.length === 0 ? value.at() : value;
  return typeof scalar === "bigint" && Number.isSafeInteger(Number(scalar)) ? Number(scalar) : scalar;
}

function shapeOf(value: AttributeValue): readonly number[] {
  return value instanceof NdArray ? value.shape : [];
}

/** The names that both have and that count; what one has alone is taken down. */
function both(
  kind: string,
  a: Readonly<Record<string, unknown>>,
  b: Readonly<Record<string, unknown>>,
  { closeness, path, separator }: Place & { readonly separator: string },
): readonly string[] {
  return namesOfBoth(a, b).filter((name) => {
    const place = `${path}${separator}${name}`;
    if (closeness.ignores(place)) return false;
    const isInBoth = Object.hasOwn(a, name) && Object.hasOwn(b, name);
    if (!isInBoth) closeness.differ(`The ${kind} "${place}" is in one run alone.`);
    return isInBoth;
  });
}
