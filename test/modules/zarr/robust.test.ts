import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type OpenDataset, SourceUnavailableError, TwinError, walk } from "../../../core/index.ts";
import { filesOf, MemorySource } from "./memory-source.ts";
import { FIXTURES, newZarr } from "./shared.ts";

const LOCATION = "test://x.zarr";

async function fixture(name: string): Promise<MemorySource> {
  return new MemorySource(await filesOf(join(FIXTURES, name)));
}

async function opened(source: MemorySource, settings: Parameters<typeof newZarr>[0] = {}): Promise<OpenDataset> {
  return await newZarr(settings, [source]).open(LOCATION);
}

/** A store of one array of version 3; `change` does to its metadata what it likes. */
function store(change: object, chunks: Readonly<Record<string, Uint8Array>> = {}): MemorySource {
  const metadata = {
    zarr_format: 3,
    node_type: "array",
    shape: [4],
    data_type: "float32",
    chunk_grid: { name: "regular", configuration: { chunk_shape: [2] } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    fill_value: 7,
    codecs: [{ name: "bytes", configuration: { endian: "little" } }],
    attributes: {},
    ...change,
  };
  const files = new Map(Object.entries(chunks));
  return new MemorySource(files.set("zarr.json", Buffer.from(JSON.stringify(metadata))));
}

function floats(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

describe("chunks that are not there", () => {
  it("hold the fill value", async () => {
    await using file = await opened(store({}, { "c/1": floats(3, 4) }));
    expect((await file.variables["x"]?.read())?.values()).toEqual(Float32Array.of(7, 7, 3, 4));
  });

  it("are none when the server failed, but its error", async () => {
    const source = await fixture("conformance-v3.zarr");
    await using file = await opened(source);
    source.onOpen = (key) => {
      if (key.startsWith("temperature/c")) throw new SourceUnavailableError(key, "it answers 503.");
    };
    await expect(file.variables["temperature"]?.read()).rejects.toMatchObject({ code: "TWIN_SOURCE_UNAVAILABLE" });
  });

  it.each(["conformance-v2.zarr", "conformance-v3.zarr"])("are none when all of %s went away", async (name) => {
    const source = await fixture(name);
    await using file = await opened(source);
    source.files.clear();
    await expect(file.variables["temperature"]?.read()).rejects.toMatchObject({
      code: "TWIN_READ_FAILED",
      message: expect.stringContaining("is gone since it was opened"),
    });
  });

  it("are none when another store took its place", async () => {
    const source = await fixture("conformance-v3.zarr");
    await using file = await opened(source);
    source.files.delete("temperature/c/0/0");
    source.version = "2";
    await expect(file.variables["temperature"]?.read()).rejects.toMatchObject({
      message: expect.stringContaining("has changed since it was opened"),
    });
  });
});

describe("what is read", () => {
  it("is the chunks that a slab touches, at most eight at once, and not twice", async () => {
    const source = await fixture("conformance-v3.zarr");
    await using file = await opened(source);
    source.opened.length = 0;
    await file.variables["temperature"]?.read({ time: 5, level: { start: 1, stop: 3 } });
    await file.variables["temperature"]?.read({ time: 6, level: 0 });
    expect(source.opened).toEqual(["temperature/c/1/0"]);
    const many = store(
      { shape: [200], chunk_grid: { name: "regular", configuration: { chunk_shape: [1] } } },
      Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`c/${i}`, floats(i)])),
    );
    await using wide = await opened(many);
    expect((await wide.variables["x"]?.read())?.values()).toEqual(Float32Array.from({ length: 200 }, (_, i) => i));
    expect(many.mostOpen).toBeLessThanOrEqual(8);
    expect(many.mostOpen).toBeGreaterThan(1);
  });

  it("is the index of a shard once, and only the chunks wanted of it", async () => {
    const source = await fixture("codecs-v3.zarr");
    await using file = await opened(source);
    source.opened.length = 0;
    const part = await file.variables["sharded"]?.read({ y: 3, x: { start: 2, stop: 4 } });
    expect(part?.values()).toEqual(Float32Array.of(62 / 4, 63 / 4));
    expect(source.opened).toEqual(["sharded/c/0/0"]);
  });

  it("stops when aborted, and begins no more", async () => {
    const source = await fixture("codecs-v3.zarr");
    await using file = await opened(source);
    const abort = new AbortController();
    source.onOpen = () => abort.abort(new Error("called off"));
    await expect(file.variables["gzip"]?.read({}, { signal: abort.signal })).rejects.toThrow("called off");
  });

  it("has escaped names in URLs", async () => {
    const group = { zarr_format: 3, node_type: "group", attributes: {} };
    const array = JSON.parse(Buffer.from(store({}).files.get("zarr.json") ?? []).toString());
    const consolidated_metadata = { kind: "inline", must_understand: false, metadata: { "a?b #1": array } };
    const files = new Map([["zarr.json", Buffer.from(JSON.stringify({ ...group, consolidated_metadata }))]]);
    const source = new MemorySource(files, "https://data.example.org/x.zarr/");
    await using file = await newZarr({}, [source]).open("https://data.example.org/x.zarr");
    await file.variables["a?b #1"]?.read();
    expect(source.opened).toContain("a%3Fb%20%231/c/0");
  });
});

describe("what is damaged or hostile is refused by code", () => {
  it("needs consolidated metadata where nothing can be listed", async () => {
    const source = await fixture("plain-v2.zarr");
    await expect(opened(source)).rejects.toMatchObject({
      code: "TWIN_FILE_UNREADABLE",
      message: expect.stringContaining("zarr.consolidate_metadata"),
    });
  });

  it.each(["../up", "a/../../up", "/a//b", "a/./b", "a\\b", "zarr.json"])("refuses a node at %j", async (path) => {
    const node = { zarr_format: 3, node_type: "group", attributes: {} };
    const document = { ...node, consolidated_metadata: { kind: "inline", metadata: { [path]: node } } };
    const source = new MemorySource(new Map([["zarr.json", Buffer.from(JSON.stringify(document))]]));
    await expect(opened(source)).rejects.toMatchObject({ code: "TWIN_FILE_UNREADABLE" });
    expect(source.opened.filter((key) => key.includes(".."))).toEqual([]);
  });

  it.each<[string, object]>([
    ["a huge shape", { shape: [2 ** 53], chunk_grid: grid(1) }],
    ["a shape beyond counting", { shape: [1e15, 1e15], chunk_grid: grid(1, 1) }],
    ["a negative shape", { shape: [-1] }],
    ["chunks of no length", { chunk_grid: grid(0) }],
    ["chunks of another rank", { chunk_grid: grid(1, 1) }],
    ["chunks that are not regular", { chunk_grid: { name: "rectilinear" } }],
    ["a fill value of another type", { fill_value: "seven" }],
    ["a fill value out of range", { data_type: "uint8", fill_value: 256 }],
    ["what must be understood", { surprise: { name: "unknown" } }],
    ["a complex type", { data_type: "complex64", fill_value: [0, 0] }],
    ["another key encoding", { chunk_key_encoding: { name: "fancy" } }],
    ["a separator that climbs", { chunk_key_encoding: { name: "v2", configuration: { separator: "/../" } } }],
    ["storage transformers", { storage_transformers: [{ name: "x" }] }],
  ])("%s", async (_, change) => {
    await expect(opened(store(change))).rejects.toMatchObject({ code: "TWIN_FILE_UNREADABLE" });
  });

  it.each<[string, object, Uint8Array, string]>([
    ["a chunk that is short", {}, floats(1), "it has 4 bytes of values, and 8 are expected"],
    ["a chunk that is long", {}, floats(1, 2, 3), "it has 12 bytes"],
    [
      "a large chunk, before it is made",
      { shape: [1e10], chunk_grid: grid(1e10) },
      floats(1),
      "option `maxChunkBytes`",
    ],
    ["gzip that unpacks to more", gzip("gzip"), gzipSync(Buffer.alloc(1e8)), "damaged"],
    ["gzip that is none", gzip("gzip"), floats(1, 2), "damaged"],
    ["blosc that claims more", gzip("blosc"), header(4, 2 ** 31), "says that its values have 2147483648 bytes"],
    ["lz4 that claims more", gzip("lz4"), header(0, 2 ** 30), "says that its values have 1073741824 bytes"],
    ["a wrong checksum", gzip("crc32c"), floats(1, 2, 3), "its checksum (crc32c) is another"],
    ["an unknown codec", gzip("imaginary"), floats(1, 2), 'needs the codec "imaginary"'],
    ["texts that claim more", text(), header(0, 2 ** 32 - 1), "does not hold 2 texts"],
    ["a text that ends behind", text(), header(4, 100, 2), "ends behind the chunk"],
    ["a shard shorter than its index", shard({}), floats(1), "its shard is shorter than its index"],
    ["a shard that ends before its chunk", shard({}), new Uint8Array(32).fill(1), "its shard ends before it"],
    ["codecs beside a shard", shard({}, [{ name: "gzip" }]), floats(1), "codecs beside"],
    [
      "an order that is none",
      { codecs: [{ name: "transpose", configuration: { order: [1] } }] },
      floats(1),
      "no order",
    ],
  ])("%s", async (_, change, chunk, message) => {
    await using file = await opened(store(change, { "c/0": chunk }));
    await expect(file.variables["x"]?.read({ dim_0: 0 })).rejects.toMatchObject({
      code: "TWIN_READ_FAILED",
      message: expect.stringContaining(message),
    });
  });
});

function grid(...chunk_shape: readonly number[]): object {
  return { name: "regular", configuration: { chunk_shape } };
}

function gzip(name: string): object {
  return {
    codecs: [
      { name: "bytes", configuration: { endian: "little" } },
      { name, configuration: {} },
    ],
  };
}

function text(): object {
  return { data_type: "string", fill_value: "", codecs: [{ name: "vlen-utf8" }] };
}

function shard(change: object, more: readonly object[] = []): object {
  const bytes = { name: "bytes", configuration: { endian: "little" } };
  const configuration = { chunk_shape: [1], codecs: [bytes], index_codecs: [bytes], ...change };
  return { codecs: [{ name: "sharding_indexed", configuration }, ...more] };
}

/** Bytes of a header with a number at some place; another first. */
function header(at: number, value: number, first = 0): Uint8Array {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, first, true);
  view.setUint32(12, 32, true);
  view.setUint32(at, value, true);
  return bytes;
}

const VARIANTS = process.env["TWINLOOM_LONG"] === "1" ? 5000 : 500;
/** Arrays whose chunks carry a checksum, so that a damaged one is never a value. */
const CHECKED = /v2.zarr\/(gzip|zlib|shuffle|delta|scaled)$|v3.zarr\/(gzip|zstd|crc32c|gzip_crc32c|sharded_first)$/;

it(`takes ${VARIANTS} damaged stores for what they are: right values, or errors with a code`, {
  timeout: 600_000,
}, async () => {
  const names = ["codecs-v2.zarr", "codecs-v3.zarr", "types-v2.zarr", "types-v3.zarr", "conformance-v3.zarr"];
  const stores = await Promise.all(names.map(async (name) => ({ name, files: await filesOf(join(FIXTURES, name)) })));
  const random = xorshift(20_261_121);
  const outcomes = { right: 0, refused: 0, other: 0 };
  const before = process.memoryUsage().rss;
  for (let i = 0; i < VARIANTS; i++) {
    const { name, files } = stores[i % stores.length] as (typeof stores)[number];
    // Metadata once in four times; what is consolidated is all that is looked at.
    const keys = [...files.keys()].filter((key) => !/\.(zarray|zattrs|zgroup)$|.\/?zarr\.json$/.test(key));
    const root = name.endsWith("v2.zarr") ? ".zmetadata" : "zarr.json";
    const chunks = keys.filter((key) => key !== root);
    const key = random() % 4 === 0 ? root : (chunks[random() % chunks.length] as string);
    const source = new MemorySource(files);
    source.files.set(key, damaged(files.get(key) as Uint8Array, random));
    const what = `${name}, ${key}, variant ${i}`;
    try {
      await using file = await opened(source, { maxChunkBytes: 16e6 });
      await using truth = await newZarr().open(join(FIXTURES, name));
      for (const variable of walk(file)) {
        // The others are as they were, and not read again.
        if (key !== root && !key.startsWith(`${variable.path.slice(1)}/`)) continue;
        const size = variable.shape.reduce((product, length) => product * length, 1);
        const selection = size > 1e5 ? Object.fromEntries(variable.dims.map((dim) => [dim, 0])) : {};
        try {
          const array = await variable.read(selection);
          const expected = await truth.variables[variable.name]?.read();
          const isRight = JSON.stringify(plain(array.values())) === JSON.stringify(plain(expected?.values() ?? []));
          outcomes[isRight ? "right" : "other"]++;
          if (key !== root && CHECKED.test(name + variable.path))
            expect(isRight, `${what}, ${variable.path}`).toBe(true);
        } catch (error) {
          outcomes.refused += coded(error, what);
        }
      }
    } catch (error) {
      outcomes.refused += coded(error, what);
    }
  }
  expect(outcomes.refused).toBeGreaterThan(VARIANTS / 10);
  expect(outcomes.right).toBeGreaterThan(0);
  expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
});

function coded(error: unknown, what: string): number {
  if (error instanceof TwinError) return 1;
  throw new Error(`${what}: an error without a code`, { cause: error });
}

function plain(values: Iterable<unknown>): string[] {
  return Array.from(values, String);
}

/** Some bits flipped, or cut short, or a stretch of zeros. */
function damaged(bytes: Uint8Array, random: () => number): Uint8Array {
  const copy = new Uint8Array(bytes);
  const at = random() % Math.max(1, copy.length);
  const kind = random() % 4;
  if (kind === 0) return copy.subarray(0, at);
  if (kind === 1) return copy.fill(0, at, at + 8);
  for (let flips = 1 + (random() % 4); flips > 0; flips--) {
    const place = random() % Math.max(1, copy.length);
    copy[place] = (copy[place] as number) ^ (1 << (random() % 8));
  }
  return copy;
}

/** The same numbers each run. */
function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
