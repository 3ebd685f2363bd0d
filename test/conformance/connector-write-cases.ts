import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { basename, dirname } from "node:path";
import {
  type AttributeValue,
  contentDigest,
  type DataChunk,
  type Dataset,
  dataset,
  findVariable,
  NdArray,
  type Selection,
  type Variable,
  walk,
} from "../../core/index.ts";
import { assertAborted, assertRejects, assertSameArray, assertSameTree } from "./compare.ts";
import type { ConnectorFixture } from "./connector.ts";
import type { ConformanceCase } from "./register.ts";
import { DTYPES, sampleDataset } from "./sample-dataset.ts";

type Case = ConformanceCase<ConnectorFixture>;

/** What {@link Connector} promises of writing. */
export const writeCases: readonly Case[] = [
  ...DTYPES.map(
    (dtype): Case => ({
      name: `keeps ${dtype} through writing and reading`,
      async run(fixture) {
        if (fixture.dtypes && !fixture.dtypes.includes(dtype)) return;
        const source = sampleDataset({ ...fixture, dtypes: [dtype] });
        await written(fixture, source, async (file) => {
          for (const name of fixture.isTable ? [`grid_${dtype}`] : [`grid_${dtype}`, `scalar_${dtype}`]) {
            assertSameArray(await findVariable(file, name).read(), await findVariable(source, name).read(), name);
          }
        });
      },
    }),
  ),
  {
    name: "keeps variables, dimensions, coordinates, units, attributes and groups through writing and reading",
    async run(fixture) {
      const source = sampleDataset(fixture);
      await written(fixture, source, async (file) => {
        assertSameTree(file, source);
        for (const variable of walk(source)) {
          assertSameArray(await findVariable(file, variable.path).read(), await variable.read(), variable.path);
        }
      });
    },
  },
  {
    name: "writes what has the same content digest",
    async run(fixture) {
      const source = sampleDataset(fixture);
      const digest = await contentDigest(source);
      await written(fixture, source, async (file) => assert.equal(await contentDigest(file), digest));
      const uncompressed = fixture.newLocation();
      await fixture.connector.write(uncompressed, source, { compressionLevel: 0 });
      await reading(fixture, uncompressed, async (file) => assert.equal(await contentDigest(file), digest));
    },
  },
  {
    name: "copies a file that it has opened",
    async run(fixture) {
      const { connector, location, truth } = fixture;
      const source = await connector.open(location);
      try {
        await written(fixture, source, async (file) => {
          assert.equal(await contentDigest(file), await contentDigest(truth));
        });
      } finally {
        await source.close();
      }
    },
  },
  {
    name: "does not overwrite a file unless asked",
    async run(fixture) {
      const { connector, newLocation } = fixture;
      const location = newLocation();
      const [one, two] = [numbered(1), numbered(2)];
      await connector.write(location, one);
      await assertRejects(connector.write(location, two), "TWIN_FILE_EXISTS", "writing over a file", [location]);
      const digestOf = async (): Promise<string> => {
        let digest = "";
        await reading(fixture, location, async (file) => {
          digest = await contentDigest(file);
        });
        return digest;
      };
      assert.equal(await digestOf(), await contentDigest(one), "the file is as it was");
      await connector.write(location, two, { existing: "replace" });
      assert.equal(await digestOf(), await contentDigest(two), "the file is replaced when asked");
    },
  },
  {
    name: "leaves nothing when aborted in the middle of writing",
    async run({ connector, newLocation }) {
      const location = newLocation();
      const abort = new AbortController();
      const source = disturbed(() => abort.abort(new Error("called off")));
      await assertAborted(connector.write(location, source, { signal: abort.signal }), abort.signal, "writing");
      await assertRejects(connector.open(location), "TWIN_FILE_NOT_FOUND", "opening what was not written");
      assert.deepEqual(await besides(location), [], "no partial file is left");
      await connector.write(location, numbered(1));
    },
  },
  {
    name: "leaves nothing, and keeps the error, when its source fails in the middle of writing",
    async run({ connector, newLocation }) {
      const location = newLocation();
      const failure = new Error("the source failed");
      const source = disturbed(() => {
        throw failure;
      });
      const error = await connector.write(location, source).then(
        () => assert.fail("writing must fail"),
        (reason: unknown) => reason,
      );
      const isKept = error === failure || (error instanceof Error && error.cause === failure);
      assert.ok(isKept, `the source's error must come through, itself or as the cause; got ${String(error)}`);
      await assertRejects(connector.open(location), "TWIN_FILE_NOT_FOUND", "opening what was not written");
      assert.deepEqual(await besides(location), [], "no partial file is left");
    },
  },
  {
    name: "keeps the old file when replacing it is aborted",
    async run(fixture) {
      const { connector } = fixture;
      const location = fixture.newLocation();
      await connector.write(location, numbered(1));
      const abort = new AbortController();
      const source = disturbed(() => abort.abort(new Error("called off")));
      const options = { signal: abort.signal, existing: "replace" } as const;
      await assertAborted(connector.write(location, source, options), abort.signal, "replacing");
      await reading(fixture, location, async (file) => {
        assert.equal(await contentDigest(file), await contentDigest(numbered(1)));
      });
    },
  },
];

/** Writes a dataset, and looks at the file. */
async function written(
  fixture: ConnectorFixture,
  source: Dataset,
  look: (file: Dataset) => Promise<void>,
): Promise<void> {
  const location = fixture.newLocation();
  await fixture.connector.write(location, source);
  await reading(fixture, location, look);
}

async function reading(
  { connector, addedAttributes = {} }: Pick<ConnectorFixture, "connector" | "addedAttributes">,
  location: string,
  look: (file: Dataset) => Promise<void>,
): Promise<void> {
  // As stored: decoding leaves out what it applies, such as `valid_min`.
  const file = await connector.open(location, { decode: false });
  try {
    await look(without(file, addedAttributes));
  } finally {
    await file.close();
  }
}

/** A dataset without the attributes that writing has added to its variables. */
function without(group: Dataset, added: Readonly<Record<string, AttributeValue>>): Dataset {
  if (Object.keys(added).length === 0) return group;
  const bare = (variable: Variable): Variable => ({
    ...described(variable),
    attributes: Object.fromEntries(
      Object.entries(variable.attributes).filter(([name, value]) => !Object.is(added[name], value)),
    ),
    read: (...wanted) => variable.read(...wanted),
    readMany: (...wanted) => variable.readMany(...wanted),
    chunks: (...wanted) => variable.chunks(...wanted),
  });
  return {
    ...group,
    variables: Object.fromEntries(Object.entries(group.variables).map(([name, each]) => [name, bare(each)])),
    groups: Object.fromEntries(Object.entries(group.groups).map(([name, child]) => [name, without(child, added)])),
  };
}

/** What a variable says of itself, as a plain object. */
function described(variable: Variable): Omit<Variable, "read" | "readMany" | "chunks"> {
  const { name, path, dtype, dims, shape, unit, attributes, storage } = variable;
  return { name, path, dtype, dims, shape, unit, attributes, storage };
}

function numbered(number: number): Dataset {
  const number64 = new NdArray(Float64Array.of(number), { dtype: "float64", shape: [1], dims: ["row"] });
  return dataset({ variables: { number: number64 } });
}

/** A dataset of two variables; something happens while the second is read, by whatever method. */
function disturbed(happen: () => void): Dataset {
  const data = Float64Array.from({ length: 64 }, (_, i) => i);
  const array = new NdArray(data, { dtype: "float64", shape: [64], dims: ["row"] });
  const source = dataset({ variables: { first: array, second: { array, storage: { chunkShape: [16] } } } });
  const second = source.variables["second"] as Variable;
  const disturbedSecond: Variable = {
    ...described(second),
    async read(selection?: Selection, options?: { readonly signal?: AbortSignal }): Promise<NdArray> {
      happen();
      return second.read(selection, options);
    },
    async readMany(
      selections: readonly Selection[],
      options?: { readonly signal?: AbortSignal },
    ): Promise<readonly NdArray[]> {
      happen();
      return second.readMany(selections, options);
    },
    async *chunks(options?: { readonly signal?: AbortSignal }): AsyncIterable<DataChunk> {
      for await (const chunk of second.chunks(options)) {
        yield chunk;
        happen();
      }
    },
  };
  return { ...source, variables: { ...source.variables, second: disturbedSecond } };
}

/** Files beside a location whose name holds its name: what a writer left. None for a location that is no path. */
async function besides(location: string): Promise<readonly string[]> {
  const names = await readdir(dirname(location)).catch(() => []);
  return names.filter((name) => name.includes(basename(location)));
}
