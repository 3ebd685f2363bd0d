import assert from "node:assert/strict";
import { type AttributeValue, type Dataset, NdArray, type Variable } from "../../core/index.ts";

/** Fails unless two arrays have the same dtype, axes, unit and, bit by bit (all NaNs are one), values. */
export function assertSameArray(actual: NdArray, expected: NdArray, what: string): void {
  assert.equal(actual.dtype, expected.dtype, `${what}: dtype`);
  assert.deepEqual([...actual.shape], [...expected.shape], `${what}: shape`);
  assert.deepEqual([...actual.dims], [...expected.dims], `${what}: dims`);
  assert.equal(actual.unit, expected.unit, `${what}: unit`);
  assertSameValues(actual, expected, what);
}

function assertSameValues(actual: NdArray, expected: NdArray, what: string): void {
  const values = actual.values();
  const wanted = expected.values();
  assert.equal(values.constructor, wanted.constructor, `${what}: kind of array`);
  assert.equal(values.length, wanted.length, `${what}: number of values`);
  for (let i = 0; i < wanted.length; i++) {
    if (!Object.is(values[i], wanted[i])) {
      assert.fail(`${what}: element ${i} is ${String(values[i])}, not ${String(wanted[i])}`);
    }
  }
}

/** Fails unless a variable is described as another is: dtype, dims, shape, unit, attributes. */
export function assertSameDescription(actual: Variable, expected: Variable): void {
  const what = expected.path;
  assert.equal(actual.path, expected.path, `${what}: path`);
  assert.equal(actual.name, expected.name, `${what}: name`);
  assert.equal(actual.dtype, expected.dtype, `${what}: dtype`);
  assert.deepEqual([...actual.dims], [...expected.dims], `${what}: dims`);
  assert.deepEqual([...actual.shape], [...expected.shape], `${what}: shape`);
  assert.equal(actual.unit, expected.unit, `${what}: unit`);
  assertSameAttributes(actual.attributes, expected.attributes, what);
}

/** Fails unless two groups have the same variables, dimensions, coordinates, attributes and, all the way down, groups. */
export function assertSameTree(actual: Dataset, expected: Dataset, what = "/"): void {
  assert.deepEqual(
    sorted(Object.keys(actual.variables)),
    sorted(Object.keys(expected.variables)),
    `${what}: variables`,
  );
  assert.deepEqual(sorted(Object.keys(actual.groups)), sorted(Object.keys(expected.groups)), `${what}: groups`);
  assert.deepEqual(lengths(actual), lengths(expected), `${what}: dimensions`);
  assert.deepEqual(sorted(actual.coordinates), sorted(expected.coordinates), `${what}: coordinates`);
  assertSameAttributes(actual.attributes, expected.attributes, what);
  for (const [name, variable] of Object.entries(expected.variables)) {
    assertSameDescription(actual.variables[name] as Variable, variable);
  }
  for (const [name, group] of Object.entries(expected.groups)) {
    assertSameTree(actual.groups[name] as Dataset, group, `${what}${name}/`);
  }
}

/** By UTF-16 code units, the same everywhere. */
function sorted(names: readonly string[]): readonly string[] {
  return [...names].sort((a, b) => (a < b ? -1 : 1));
}

function lengths({ dims }: Dataset): readonly [string, number][] {
  return Object.entries(dims)
    .map(([name, { length }]): [string, number] => [name, length])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function assertSameAttributes(
  actual: Readonly<Record<string, AttributeValue>>,
  expected: Readonly<Record<string, AttributeValue>>,
  what: string,
): void {
  assert.deepEqual(sorted(Object.keys(actual)), sorted(Object.keys(expected)), `${what}: names of attributes`);
  for (const [name, value] of Object.entries(expected)) {
    const wanted = scalar(value);
    const found = scalar(actual[name] as AttributeValue);
    if (wanted instanceof NdArray && found instanceof NdArray) {
      assert.equal(found.dtype, wanted.dtype, `${what}: dtype of attribute ${name}`);
      assert.deepEqual([...found.shape], [...wanted.shape], `${what}: shape of attribute ${name}`);
      assertSameValues(found, wanted, `${what}: attribute ${name}`);
    } else {
      assert.ok(Object.is(found, wanted), `${what}: attribute ${name} is ${String(found)}, not ${String(wanted)}`);
    }
  }
}

/** A scalar attribute as its JavaScript value, however it was given. */
function scalar(value: AttributeValue): AttributeValue {
  const plain = value instanceof NdArray && value.shape.length === 0 ? value.at() : value;
  return typeof plain === "bigint" && Number.isSafeInteger(Number(plain)) ? Number(plain) : plain;
}

/** Fails unless a promise rejects with an error of this code, whose message holds all of these words. */
export async function assertRejects(
  promise: Promise<unknown>,
  code: string,
  what: string,
  words: readonly string[] = [],
): Promise<void> {
  const error = await rejection(promise, `${what} must reject with ${code}`);
  const found = error instanceof Error && "code" in error ? error.code : undefined;
  assert.equal(found, code, `${what} must reject with ${code}, not with ${String(error)}`);
  for (const word of words) {
    assert.ok(
      (error as Error).message.includes(word),
      `${what}: the message must name ${word}; it is ${String(error)}`,
    );
  }
}

/** Fails unless a promise rejects with the reason of an aborted signal. */
export async function assertAborted(promise: Promise<unknown>, signal: AbortSignal, what: string): Promise<void> {
  const error = await rejection(promise, `${what} must reject when aborted`);
  assert.equal(error, signal.reason, `${what} must reject with the reason of its signal, not with ${String(error)}`);
}

async function rejection(promise: Promise<unknown>, message: string): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  assert.fail(message);
}
