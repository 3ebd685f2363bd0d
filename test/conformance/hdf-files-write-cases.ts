import assert from "node:assert/strict";
import {
  findVariable,
  type HdfDataset,
  type HdfFile,
  type HdfGroup,
  type HdfLink,
  type HdfWriter,
  NdArray,
} from "../../core/index.ts";
import { assertAborted, assertRejects } from "./compare.ts";
import type { HdfFilesFixture } from "./hdf-files.ts";
import { same } from "./hdf-files-read-cases.ts";
import type { ConformanceCase } from "./register.ts";
import { DTYPES, sampleDataset } from "./sample-dataset.ts";

/** What {@link HdfFiles} promises of writing. */
export const hdfFilesWriteCases: readonly ConformanceCase<HdfFilesFixture>[] = [
  {
    name: "keeps the values of every dtype",
    async run(fixture) {
      const source = sampleDataset();
      const arrays = await Promise.all(
        DTYPES.map(async (dtype) => [`/${dtype}`, await findVariable(source, `grid_${dtype}`).read()] as const),
      );
      await written(
        fixture,
        async (writer) => {
          for (const [path, array] of arrays) {
            writer.createDataset(path, {
              dtype: array.dtype,
              shape: array.shape,
              chunkShape: [4, 2],
              compressionLevel: 1,
            });
            await writer.write(path, array);
          }
        },
        async (file) => {
          for (const [path, array] of arrays) same(await file.read({ path }), array, path);
        },
      );
    },
  },
  {
    name: "keeps groups, attributes, links, scales and the order of all",
    run: (fixture) =>
      written(
        fixture,
        async (writer) => {
          writer.setAttribute("/", "title", "Größe");
          writer.setAttribute("/", "fixed", "Größe", { text: "fixed" });
          writer.setAttribute("/", "empty", "", { text: "fixed" });
          writer.setAttribute("/", "list", ints(1, 2, 3));
          writer.createGroup("/zeta", { note: "first" });
          writer.createDataset("/zeta/y", { dtype: "float64", shape: [2] });
          writer.makeScale("/zeta/y", "height");
          writer.createDataset("/zeta/x", { dtype: "float64", shape: [3] });
          writer.createDataset("/zeta/field", { dtype: "float32", shape: [2, 3], attributes: { units: "K" } });
          writer.attachScale("/zeta/field", 0, "/zeta/y");
          writer.attachScale("/zeta/field", 1, "/zeta/x");
          writer.createGroup("/alpha");
          writer.createSoftLink("/alias", "/zeta/field");
        },
        async (file) => {
          assert.deepEqual(Object.keys(file.root.groups), ["zeta", "alpha"], "groups in the order of creation");
          const { title, fixed, empty, list } = file.root.attributes;
          assert.deepEqual([title, fixed, empty], ["Größe", "Größe", ""], "texts of attributes");
          assert.ok(list instanceof NdArray);
          same(list, ints(1, 2, 3), "attribute list");
          const zeta = file.root.groups["zeta"] as HdfGroup;
          assert.equal(zeta.attributes["note"], "first");
          assert.deepEqual(Object.keys(zeta.datasets), ["y", "x", "field"], "datasets in the order of creation");
          assert.deepEqual(zeta.datasets["field"]?.scales, [["/zeta/y"], ["/zeta/x"]]);
          assert.deepEqual([zeta.datasets["y"]?.isScale, zeta.datasets["field"]?.isScale], [true, false]);
          assert.equal(zeta.datasets["field"]?.attributes["units"], "K");
          const { kind, target, leadsTo } = file.root.links["alias"] as HdfLink;
          assert.deepEqual([kind, target, leadsTo], ["soft", "/zeta/field", "dataset"]);
        },
      ),
  },
  {
    name: "keeps layout: chunks, gzip, unlimited dimensions that grow as they are written",
    run: (fixture) =>
      written(
        fixture,
        async (writer) => {
          const spec = { dtype: "int32", shape: [0, 3], unlimited: [true, false], chunkShape: [2, 3] } as const;
          writer.createDataset("/grows", { ...spec, compressionLevel: 5 });
          writer.createDataset("/plain", { dtype: "int32", shape: [4] });
          for (let row = 0; row < 5; row++) await writer.write("/grows", ints(row, row, row).reshape([1, 3]), [row, 0]);
        },
        async (file) => {
          const { grows, plain } = file.root.datasets;
          assert.deepEqual(
            [grows?.shape, grows?.maxShape, grows?.chunkShape],
            [
              [5, 3],
              [undefined, 3],
              [2, 3],
            ],
          );
          assert.ok(
            grows?.filters.some(({ id, parameters }) => id === 1 && parameters[0] === 5),
            "gzip of level 5",
          );
          assert.deepEqual([plain?.chunkShape, plain?.filters.length], [undefined, 0]);
          const expected = new NdArray(
            Int32Array.from({ length: 15 }, (_, i) => Math.floor(i / 3)),
            { dtype: "int32", shape: [5, 3] },
          );
          same(await file.read({ path: "/grows" }), expected, "/grows");
        },
      ),
  },
  {
    name: "gives the fill value where nothing was written, and zero where none is stated",
    run: (fixture) =>
      written(
        fixture,
        async (writer) => {
          const spec = { dtype: "int16", shape: [6], chunkShape: [2] } as const;
          writer.createDataset("/filled", { ...spec, fillValue: -9 });
          writer.createDataset("/bare", spec);
          const two = new NdArray(Int16Array.of(1, 2, 3), { dtype: "int16", shape: [3] });
          await writer.write("/filled", two);
          await writer.write("/bare", two);
        },
        async (file) => {
          const { filled, bare } = file.root.datasets;
          assert.notEqual(filled?.hasFillValue, false);
          assert.notEqual(bare?.hasFillValue, true);
          assert.deepEqual([...(await file.read({ path: "/filled" })).values()], [1, 2, 3, -9, -9, -9]);
          assert.deepEqual([...(await file.read({ path: "/bare" })).values()], [1, 2, 3, 0, 0, 0]);
        },
      ),
  },
  {
    name: "stores codes as characters where that is asked",
    run: (fixture) =>
      written(
        fixture,
        async (writer) => {
          writer.createDataset("/letters", { dtype: "uint8", shape: [3], characters: true });
          await writer.write("/letters", new NdArray(Uint8Array.of(65, 0, 98), { dtype: "uint8", shape: [3] }));
        },
        async (file) => {
          const { type } = file.root.datasets["letters"] as HdfDataset;
          assert.ok(type.class === "string" && type.size === 1 && !type.variable, "strings of one byte");
          assert.deepEqual([...(await file.read({ path: "/letters" })).values()], ["A", "", "b"]);
        },
      ),
  },
  {
    name: "refuses what cannot be written, and leaves nothing",
    async run({ hdfFiles, newLocation }) {
      const wrong: readonly (readonly [string, (writer: HdfWriter) => void | Promise<void>])[] = [
        [
          "two objects of one name",
          (writer) => {
            writer.createGroup("/twice");
            writer.createGroup("/twice");
          },
        ],
        ["a group in no group", (writer) => writer.createGroup("/no/such")],
        ["an attribute of nothing", (writer) => writer.setAttribute("/nothing", "a", 1)],
        [
          "values of another dtype",
          async (writer) => {
            writer.createDataset("/x", { dtype: "float32", shape: [3] });
            await writer.write("/x", ints(1, 2, 3));
          },
        ],
        [
          "values beyond the end",
          async (writer) => {
            writer.createDataset("/x", { dtype: "int32", shape: [2] });
            await writer.write("/x", ints(1, 2, 3));
          },
        ],
      ];
      for (const [what, write] of wrong) {
        const location = newLocation();
        const creating = hdfFiles.createHdf(location, async (writer) => await write(writer));
        await assertRejects(creating, "TWIN_WRITE_FAILED", what);
        await assertRejects(hdfFiles.openHdf(location), "TWIN_FILE_NOT_FOUND", `${what}: the file`);
      }
    },
  },
  {
    name: "does not overwrite a file unless asked, and gives back what writing returned",
    async run({ hdfFiles, newLocation }) {
      const location = newLocation();
      const create = (name: string, existing?: "replace"): Promise<string> =>
        hdfFiles.createHdf(
          location,
          async (writer) => {
            writer.createGroup(`/${name}`);
            return name;
          },
          existing ? { existing } : {},
        );
      assert.equal(await create("one"), "one");
      await assertRejects(create("two"), "TWIN_FILE_EXISTS", "writing over a file", [location]);
      assert.equal(await create("three", "replace"), "three");
      await using file = await hdfFiles.openHdf(location);
      assert.deepEqual(Object.keys(file.root.groups), ["three"]);
    },
  },
  {
    name: "leaves nothing when aborted, and keeps the error of what writes",
    async run({ hdfFiles, newLocation }) {
      const location = newLocation();
      const signal = AbortSignal.abort(new Error("called off"));
      await assertAborted(
        hdfFiles.createHdf(location, async () => {}, { signal }),
        signal,
        "creating",
      );
      const failure = new Error("the source failed");
      const creating = hdfFiles.createHdf(location, async () => {
        throw failure;
      });
      await assert.rejects(creating, (error) => error === failure, "the error of the callback comes through");
      await assertRejects(hdfFiles.openHdf(location), "TWIN_FILE_NOT_FOUND", "opening what was not written");
    },
  },
  {
    name: "changes a file all at once, or not at all",
    async run({ hdfFiles, newLocation }) {
      const location = newLocation();
      await hdfFiles.createHdf(location, async (writer) => {
        writer.createDataset("/x", { dtype: "int32", shape: [2], unlimited: [true], chunkShape: [4] });
        await writer.write("/x", ints(1, 2));
      });
      const read = async (): Promise<unknown> => {
        await using file = await hdfFiles.openHdf(location);
        return [...(await file.read({ path: "/x" })).values()];
      };
      await hdfFiles.editHdf(location, async (editor) => {
        await editor.resize("/x", [3]);
        await editor.write("/x", ints(7), [2]);
        await editor.createGroup("/new");
        await editor.setAttribute("/x", "units", "m");
      });
      assert.deepEqual(await read(), [1, 2, 7]);
      const failing = hdfFiles.editHdf(location, async (editor) => {
        await editor.write("/x", ints(9), [0]);
        throw new Error("changed my mind");
      });
      await assert.rejects(failing, /changed my mind/);
      assert.deepEqual(await read(), [1, 2, 7], "the file is as it was");
      const none = newLocation();
      await assertRejects(
        hdfFiles.editHdf(none, async () => {}),
        "TWIN_FILE_NOT_FOUND",
        "editing what is not there",
      );
    },
  },
];

/** Writes a file, and looks at it. */
async function written(
  { hdfFiles, newLocation }: HdfFilesFixture,
  write: (writer: HdfWriter) => Promise<void>,
  look: (file: HdfFile) => Promise<void>,
): Promise<void> {
  const location = newLocation();
  await hdfFiles.createHdf(location, write);
  const file = await hdfFiles.openHdf(location);
  try {
    await look(file);
  } finally {
    await file.close();
  }
}

function ints(...values: readonly number[]): NdArray<"int32"> {
  return new NdArray(Int32Array.from(values), { dtype: "int32", shape: [values.length] });
}
