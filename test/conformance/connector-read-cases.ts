import assert from "node:assert/strict";
import { open } from "node:fs/promises";
import { type Dataset, findVariable, type NdArray, type Selection, type Variable, walk } from "../../core/index.ts";
import { assertSameArray, assertSameTree } from "./compare.ts";
import type { ConnectorFixture } from "./connector.ts";
import type { ConformanceCase } from "./register.ts";

type Case = ConformanceCase<ConnectorFixture>;

/** What {@link Connector} promises of reading. */
export const readCases: readonly Case[] = [
  opened(
    "lists the variables, dimensions, coordinates, attributes and groups that are in the file",
    async (file, truth) => assertSameTree(file, truth),
  ),
  {
    name: "recognises its own file by its first bytes, and tells its format",
    async run({ connector, location }) {
      const head = await headOf(location);
      assert.ok(connector.recognises(head, location), `${location} must be recognised`);
      assert.ok(!connector.recognises(new Uint8Array(4096), "zeros.bin"), "a file of zeros must not be recognised");
      assert.ok(!connector.recognises(new Uint8Array(0), "empty"), "an empty file must not be recognised");
      const file = await connector.open(location);
      assert.ok(connector.formats.includes(file.format), `format ${file.format} must be one of [${connector.formats}]`);
      assert.equal(file.location, location);
      await file.close();
    },
  },
  opened(
    "reads whole variables",
    readEach(() => [{}]),
  ),
  opened(
    "reads slabs",
    readEach((variable) => [
      range(variable, () => ({ start: 1 })),
      range(variable, (n) => ({ stop: Math.ceil(n / 2) })),
    ]),
  ),
  opened(
    "reads every second and every third element",
    readEach((variable) => [
      range(variable, () => ({ step: 2 })),
      range(variable, (n) => ({ start: n - 1 - ((n - 1) % 2), step: 3 })),
      range(variable, () => ({ start: 1, step: 2 })),
    ]),
  ),
  opened(
    "counts negative indices and ends from the end",
    readEach((variable) => [range(variable, () => -1), range(variable, (n) => ({ start: -Math.min(n, 2), stop: n }))]),
  ),
  opened(
    "drops the dimensions selected by one index",
    readEach((variable) => [
      range(variable, () => 0),
      ...variable.dims.map((dim) => ({ [dim]: 0 })),
      ...variable.dims.map((dim, axis) => ({ [dim]: (variable.shape[axis] as number) - 1 })),
    ]),
  ),
  opened(
    "gives arrays without elements for empty selections",
    readEach((variable) => [
      range(variable, () => ({ start: 0, stop: 0 })),
      ...variable.dims.map((dim) => ({ [dim]: { start: 1, stop: 1 } })),
    ]),
  ),
  opened("selects by coordinate value, nearest and exact", async (file, truth) => {
    const { variable, dim, values } = await withCoordinate(truth);
    const target = findVariable(file, variable.path);
    for (const [index, value] of values.entries()) {
      const expected = await variable.read({ [dim]: index });
      assertSameArray(await target.read({ [dim]: { value } }), expected, `${variable.path} at ${dim} = ${value}`);
      const away = Math.abs((values[1] as number) - (values[0] as number)) / 4;
      const near = await target.read({ [dim]: { value: value + away, tolerance: away * 1.5 } });
      assertSameArray(near, expected, `${variable.path} near ${dim} = ${value}`);
    }
  }),
  opened("selects a range of coordinate values, both ends included", async (file, truth) => {
    const { variable, dim, values } = await withCoordinate(truth);
    const target = findVariable(file, variable.path);
    const last = values.length - 1;
    const [low, high] = [values[1] as number, values[last] as number].sort((a, b) => a - b) as [number, number];
    const expected = await variable.read({ [dim]: { start: 1 } });
    assertSameArray(
      await target.read({ [dim]: { from: low, to: high } }),
      expected,
      `${variable.path} in [${low}, ${high}]`,
    );
    const beyond = Math.max(...values) + 1;
    const none = await target.read({ [dim]: { from: beyond, to: beyond + 1 } });
    assert.equal(none.shape[variable.dims.indexOf(dim)], 0, "a range that holds no coordinate selects nothing");
  }),
  opened("readMany gives what as many reads give, in the order asked", async (file, truth, fixture) => {
    for (const expected of numeric(truth, fixture)) {
      const variable = findVariable(file, expected.path);
      const selections = expected.dims.flatMap((dim, axis): Selection[] =>
        [...Array(expected.shape[axis]).keys()].reverse().map((index) => ({ [dim]: index })),
      );
      selections.push(
        {},
        range(expected, () => ({ start: 0, stop: 0 })),
        range(expected, () => ({ step: 2 })),
      );
      const many = await variable.readMany(selections);
      assert.equal(many.length, selections.length, `${expected.path}: number of results`);
      for (const [i, selection] of selections.entries()) {
        assertSameArray(
          many[i] as NdArray,
          await expected.read(selection),
          `${expected.path} ${JSON.stringify(selection)}`,
        );
      }
      assert.deepEqual([...(await variable.readMany([]))], [], "nothing asked, nothing given");
    }
  }),
  opened("chunks cover every element once, and say where they lie", async (file, truth) => {
    for (const expected of walk(truth)) {
      const covered = new Uint8Array(expected.shape.reduce((product, length) => product * length, 1));
      for await (const { selection, array } of findVariable(file, expected.path).chunks()) {
        assertSameArray(array, await expected.read(selection), `${expected.path} ${JSON.stringify(selection)}`);
        for (const at of positions(expected, selection)) covered[at] = (covered[at] as number) + 1;
      }
      assert.ok(
        covered.every((times) => times === 1),
        `${expected.path}: each element must be covered once`,
      );
    }
  }),
  opened("serves reads that overlap in time", async (file, truth) => {
    const variables = [...walk(truth), ...walk(truth)];
    const arrays = await Promise.all(variables.map((variable) => findVariable(file, variable.path).read()));
    for (const [i, variable] of variables.entries()) {
      assertSameArray(arrays[i] as NdArray, await variable.read(), variable.path);
    }
  }),
  opened("gives arrays that do not change when others are read", async (file, truth) => {
    const held: [Variable, NdArray][] = [];
    for (const expected of walk(truth)) held.push([expected, await findVariable(file, expected.path).read()]);
    for (const [expected, array] of held) assertSameArray(array, await expected.read(), expected.path);
  }),
];

/** A case on the fixture's file, opened and closed around it. */
function opened(
  name: string,
  body: (file: Dataset, truth: Dataset, fixture: ConnectorFixture) => Promise<void> | void,
): Case {
  return {
    name,
    async run(fixture) {
      const { connector, location, truth } = fixture;
      const file = await connector.open(location);
      try {
        await body(file, truth, fixture);
      } finally {
        await file.close();
      }
    },
  };
}

/** Reads every variable with these selections, and compares. */
function readEach(
  selectionsOf: (variable: Variable) => readonly Selection[],
): (file: Dataset, truth: Dataset) => Promise<void> {
  return async (file, truth) => {
    for (const expected of walk(truth)) {
      if (expected.shape.includes(0)) continue;
      for (const selection of selectionsOf(expected)) {
        const actual = await findVariable(file, expected.path).read(selection);
        assertSameArray(actual, await expected.read(selection), `${expected.path} ${JSON.stringify(selection)}`);
      }
    }
  };
}

/** The same kind of selection in every dimension. */
function range(variable: Variable, of: (length: number) => Selection[string]): Selection {
  return Object.fromEntries(variable.dims.map((dim, axis) => [dim, of(variable.shape[axis] as number)]));
}

/** Numeric variables of two or more dimensions. */
function numeric(truth: Dataset, { isTable = false }: ConnectorFixture): readonly Variable[] {
  const found = [...walk(truth)].filter(
    ({ dtype, shape }) => dtype !== "string" && shape.length >= (isTable ? 1 : 2) && !shape.includes(0),
  );
  assert.ok(found.length > 0, "the fixture needs a numeric variable of two or more dimensions");
  return found;
}

/** A variable that lies beside a coordinate of it, of two or more values, and these. */
async function withCoordinate(
  truth: Dataset,
): Promise<{ readonly variable: Variable; readonly dim: string; readonly values: Float64Array }> {
  for (const group of groupsOf(truth)) {
    for (const dim of group.coordinates) {
      const coordinate = group.variables[dim] as Variable;
      const variable = Object.values(group.variables).find(({ name, dims }) => name !== dim && dims.includes(dim));
      if (!variable || coordinate.dtype === "string" || (coordinate.shape[0] as number) < 2) continue;
      return { variable, dim, values: (await coordinate.read()).toFloat64() };
    }
  }
  assert.fail("the fixture needs a variable with a coordinate of two or more numbers");
}

/** Flat positions, row-major, of a block. */
function* positions(
  variable: Variable,
  block: Readonly<Record<string, { readonly start: number; readonly stop: number }>>,
  axis = 0,
  before = 0,
): Generator<number> {
  if (axis === variable.shape.length) {
    yield before;
    return;
  }
  const { start, stop } = block[variable.dims[axis] as string] as { readonly start: number; readonly stop: number };
  for (let i = start; i < stop; i++) {
    yield* positions(variable, block, axis + 1, before * (variable.shape[axis] as number) + i);
  }
}

/** The first bytes of a file; none for a location that is no path. */
async function headOf(location: string): Promise<Uint8Array> {
  const file = await open(location, "r").catch(() => undefined);
  if (!file) return new Uint8Array(0);
  try {
    // A folder, as that of a Zarr store, can be opened, but has no bytes.
    if ((await file.stat()).isDirectory()) return new Uint8Array(0);
    const { buffer, bytesRead } = await file.read(new Uint8Array(4096), 0, 4096, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function* groupsOf(group: Dataset): Generator<Dataset> {
  yield group;
  for (const child of Object.values(group.groups)) yield* groupsOf(child);
}
