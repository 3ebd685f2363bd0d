import assert from "node:assert/strict";
import { type HdfColumn, type HdfFile, type HdfSlab, NdArray } from "../../core/index.ts";
import { assertAborted, assertRejects, assertSameArray } from "./compare.ts";
import type { HdfFilesFixture } from "./hdf-files.ts";
import type { ConformanceCase } from "./register.ts";

/** What {@link HdfFiles} promises of reading. */
export const hdfFilesReadCases: readonly ConformanceCase<HdfFilesFixture>[] = [
  {
    name: "reads whole columns, members of compounds among them",
    run: (fixture) =>
      opened(fixture, async (file) => {
        for (const { column, values } of fixture.truth) same(await file.read(column), values, nameOf(column));
      }),
  },
  {
    name: "reads slabs, with steps, and gives nothing where nothing is asked",
    run: (fixture) =>
      opened(fixture, async (file) => {
        for (const { column, values } of fixture.truth) {
          const rank = rankOf(file, column);
          const slabs = [
            slabOf(values, rank, (length) => ({ start: Math.min(1, length), count: Math.max(0, length - 1) })),
            slabOf(values, rank, (length) => ({ start: 0, count: Math.ceil(length / 2), step: 2 })),
            slabOf(values, rank, () => ({ start: 0, count: 0 })),
          ];
          for (const slab of slabs) {
            same(await file.read(column, slab), cut(values, slab), `${nameOf(column)} ${JSON.stringify(slab)}`);
          }
        }
      }),
  },
  {
    name: "reads sequences of variable length: how long each is, and all elements",
    async run({ hdfFiles, ragged }) {
      await using file = await hdfFiles.openHdf(ragged.location);
      const { counts, values } = await file.readRagged(ragged.column);
      assert.deepEqual([...counts.values()], [...ragged.counts], "lengths");
      same(values, ragged.values, "elements");
      const last = ragged.counts.length - 1;
      const some = await file.readRagged(ragged.column, [{ start: last, count: 1 }]);
      assert.deepEqual([...some.counts.values()], [ragged.counts[last]], "length of the last");
      await assertRejects(file.read(ragged.column), "TWIN_READ_FAILED", "reading sequences as values");
    },
  },
  {
    name: "describes what it reads, and tells when the bytes change",
    run: (fixture) =>
      opened(fixture, async (file) => {
        assert.equal(file.location, fixture.location);
        assert.equal(file.root.path, "/");
        assert.notEqual(file.version, "");
        await using again = await fixture.hdfFiles.openHdf(fixture.location);
        assert.equal(again.version, file.version, "the same bytes have the same version");
      }),
  },
  {
    name: "refuses slabs that leave a dataset",
    run: (fixture) =>
      opened(fixture, async (file) => {
        const { column, values } = twoDimensional(file, fixture);
        const rank = rankOf(file, column);
        const whole = slabOf(values, rank, (length) => ({ start: 0, count: length }));
        const [length = 0] = values.shape;
        const wrong: HdfSlab[0][] = [
          { start: length, count: 1 },
          { start: -1, count: 1 },
          { start: 0, count: length + 1 },
          { start: 0, count: 1, step: 0 },
          { start: 0.5, count: 1 },
        ];
        for (const range of wrong) {
          const reading = file.read(column, [range, ...whole.slice(1)]);
          await assertRejects(reading, "TWIN_INVALID_SELECTION", JSON.stringify(range), [column.path]);
        }
        await assertRejects(file.read(column, []), "TWIN_INVALID_SELECTION", "a slab without ranges");
      }),
  },
  {
    name: "says which column is not there",
    run: (fixture) =>
      opened(fixture, async (file) => {
        await assertRejects(file.read({ path: "/no such" }), "TWIN_VARIABLE_NOT_FOUND", "a dataset", ["no such"]);
        const member = fixture.truth.find(({ column }) => column.members !== undefined);
        assert.ok(member, "the fixture needs a member of a compound");
        const missing = { path: member.column.path, members: ["no such"] };
        await assertRejects(file.read(missing), "TWIN_VARIABLE_NOT_FOUND", "a member", ["no such"]);
      }),
  },
  {
    name: "gives a compound without its members as bytes",
    run: (fixture) =>
      opened(fixture, async (file) => {
        const member = fixture.truth.find(({ column }) => column.members !== undefined);
        assert.ok(member, "the fixture needs a member of a compound");
        const { path } = member.column;
        const type = Object.values(file.root.datasets).find((dataset) => dataset.path === path)?.type;
        assert.equal(type?.class, "compound", `${path} must be a compound of the root`);
        const bytes = await file.read({ path });
        assert.equal(bytes.dtype, "uint8");
        assert.equal(bytes.shape.at(-1), type.size, "the last axis is the bytes of an element");
      }),
  },
  {
    name: "says that a file is not there, or is no HDF5",
    async run({ hdfFiles, newLocation, unreadable }) {
      const location = newLocation();
      await assertRejects(hdfFiles.openHdf(location), "TWIN_FILE_NOT_FOUND", "opening what is not there", [location]);
      assert.ok(unreadable.length > 0, "the fixture needs an unreadable file");
      for (const each of unreadable) await assertRejects(hdfFiles.openHdf(each), "TWIN_FILE_UNREADABLE", each, [each]);
    },
  },
  {
    name: "refuses to read after closing; closing twice is allowed",
    async run(fixture) {
      const file = await fixture.hdfFiles.openHdf(fixture.location);
      const column = fixture.truth[0]?.column ?? { path: "/" };
      await file.close();
      await file.close();
      await assertRejects(file.read(column), "TWIN_FILE_CLOSED", "reading after closing", [fixture.location]);
    },
  },
  {
    name: "does nothing for a signal that is aborted already",
    run: (fixture) =>
      opened(fixture, async (file) => {
        const signal = AbortSignal.abort(new Error("called off"));
        const column = fixture.truth[0]?.column ?? { path: "/" };
        await assertAborted(fixture.hdfFiles.openHdf(fixture.location, { signal }), signal, "opening");
        await assertAborted(file.read(column, undefined, { signal }), signal, "reading");
      }),
  },
];

async function opened(fixture: HdfFilesFixture, body: (file: HdfFile) => Promise<void>): Promise<void> {
  const file = await fixture.hdfFiles.openHdf(fixture.location);
  try {
    await body(file);
  } finally {
    await file.close();
  }
}

/** Fails unless dtype, shape and values are the same; raw columns have neither names nor units. */
export function same(actual: NdArray, expected: NdArray, what: string): void {
  const { dtype, shape } = expected;
  assertSameArray(actual.withDims(plainDims(actual)), new NdArray(expected.values(), { dtype, shape }), what);
}

function plainDims({ shape }: NdArray): string[] {
  return shape.map((_, axis) => `dim_${axis}`);
}

/** Number of dimensions of the dataset; those behind belong to the type. */
function rankOf(file: HdfFile, { path }: HdfColumn): number {
  let group = file.root;
  const names = path.split("/").filter((name) => name !== "");
  for (const name of names.slice(0, -1)) group = group.groups[name] as HdfFile["root"];
  const dataset = group.datasets[names.at(-1) as string];
  assert.ok(dataset?.shape, `${path} must be a dataset`);
  return dataset.shape.length;
}

function twoDimensional(file: HdfFile, { truth }: HdfFilesFixture): HdfFilesFixture["truth"][number] {
  const found = truth.find(({ column }) => rankOf(file, column) >= 2);
  assert.ok(found, "the fixture needs a dataset of two dimensions");
  return found;
}

function slabOf({ shape }: NdArray, rank: number, range: (length: number) => HdfSlab[0]): HdfSlab {
  return shape.slice(0, rank).map(range);
}

function cut(values: NdArray, slab: HdfSlab): NdArray {
  const plain = values.withDims(plainDims(values));
  const selection = slab.map(({ start, count, step = 1 }, axis) => {
    const stop = count === 0 ? start : start + (count - 1) * step + 1;
    return [`dim_${axis}`, { start, stop, step }] as const;
  });
  return plain.slice(Object.fromEntries(selection)).contiguous();
}

function nameOf({ path, members = [] }: HdfColumn): string {
  return [path, ...members].join("/");
}
