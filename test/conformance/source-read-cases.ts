import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { findSource, readBytes, type SourceFile } from "../../core/index.ts";
import { assertAborted, assertRejects } from "./compare.ts";
import type { ConformanceCase } from "./register.ts";
import type { SourceFixture } from "./source.ts";
import { sourceSample } from "./source-sample.ts";

/** The file with which most cases work. */
const LARGE = "tas_1.nc";

/** What {@link Source} promises of opening, reading, aborting and closing. */
export const sourceReadCases: readonly ConformanceCase<SourceFixture>[] = [
  {
    name: "serves the locations that begin as it says",
    async run(fixture) {
      const { source } = fixture;
      assert.ok(source.prefixes.length > 0, "a source without prefixes serves nothing");
      assert.equal(findSource(locationOf(fixture, LARGE), [source]), source, "its own file is served by it");
    },
  },
  {
    name: "opens every file with its location and length, and reads it whole",
    async run(fixture) {
      for (const [name, bytes] of Object.entries(sourceSample())) {
        await withFile(fixture, name, async (file) => {
          assert.equal(file.location, locationOf(fixture, name), `${name}: location`);
          assert.equal(file.bytes, bytes.length, `${name}: length`);
          assertSameBytes(await readBytes(file, 0, bytes.length), bytes, name);
        });
      }
    },
  },
  {
    name: "names the version of the bytes: the same each time, another for other files",
    async run(fixture) {
      const versions: string[] = [];
      for (const name of [LARGE, LARGE, "tas_2.nc"]) {
        await withFile(fixture, name, async (file) => versions.push(file.version));
      }
      const [first, again, other] = versions;
      assert.equal(typeof first, "string", "a version is a text");
      assert.notEqual(first, "", "a version is not empty");
      assert.equal(again, first, "the version of the same bytes");
      assert.notEqual(other, first, "the version of other bytes");
    },
  },
  {
    name: "reads exactly the range that is asked for, wherever it lies",
    run: (fixture) =>
      withFile(fixture, LARGE, async (file, bytes) => {
        const ends = [0, 1, 511, 512, 4095, 4096, 65_535, 65_537, 262_143, 262_144, 262_145, 699_999, 700_000, 700_001];
        for (const start of ends) {
          for (const stop of ends.filter((each) => each >= start)) {
            assertSameBytes(
              await readBytes(file, start, stop - start),
              bytes.slice(start, stop),
              `${start} to ${stop}`,
            );
          }
        }
      }),
  },
  {
    name: "writes nothing beside its target",
    run: (fixture) =>
      withFile(fixture, LARGE, async (file, bytes) => {
        const memory = new Uint8Array(3000).fill(170);
        await file.readInto(memory.subarray(1000, 2000), 300_000);
        assertSameBytes(memory.slice(1000, 2000), bytes.slice(300_000, 301_000), "the target");
        assert.ok(
          memory.slice(0, 1000).every((each) => each === 170),
          "what lies before the target is untouched",
        );
        assert.ok(
          memory.slice(2000).every((each) => each === 170),
          "what lies behind the target is untouched",
        );
      }),
  },
  {
    name: "reads many ranges at once",
    run: (fixture) =>
      withFile(fixture, LARGE, async (file, bytes) => {
        const starts = Array.from({ length: 50 }, (_, i) => (i * 123_457) % 690_000);
        const reads = await Promise.all(starts.map((start) => readBytes(file, start, 10_000)));
        for (const [i, start] of starts.entries()) {
          assertSameBytes(reads[i], bytes.slice(start, start + 10_000), `the range from ${start}`);
        }
      }),
  },
  {
    name: "fills several targets in one go, if it offers that",
    run: (fixture) =>
      withFile(fixture, LARGE, async (file, bytes) => {
        if (!file.readEachInto) return;
        const starts = Array.from({ length: 300 }, (_, i) => (i * 123_457) % 690_000);
        const ranges = starts.map((position, i) => ({ target: new Uint8Array(i * 30), position }));
        await file.readEachInto(ranges);
        for (const { target, position } of ranges) {
          assertSameBytes(target, bytes.slice(position, position + target.length), `the range from ${position}`);
        }
        await file.readEachInto([]);
        const beyond = { target: new Uint8Array(2), position: bytes.length - 1 };
        const wrong = file.readEachInto([{ target: new Uint8Array(1), position: 0 }, beyond]);
        await assertRejects(wrong, "TWIN_READ_FAILED", "one range that leaves the file");
        const signal = AbortSignal.abort(new Error("called off"));
        await assertAborted(file.readEachInto(ranges, { signal }), signal, "several targets");
      }),
  },
  {
    name: "refuses ranges that leave the file, and names it; reading goes on",
    run: (fixture) =>
      withFile(fixture, LARGE, async (file, bytes) => {
        const { length } = bytes;
        for (const [position, count] of [
          [length, 1],
          [length - 1, 2],
          [0, length + 1],
          [-1, 2],
          [0.5, 2],
          [2 ** 53, 1],
        ] as const) {
          const what = `${count} bytes from ${position}`;
          await assertRejects(readBytes(file, position, count), "TWIN_READ_FAILED", what, [file.location]);
        }
        assertSameBytes(await readBytes(file, length - 1, 1), bytes.slice(-1), "the last byte");
      }),
  },
  {
    name: "gives a local path with the same bytes, and says how far it is",
    async run(fixture) {
      for (const name of [LARGE, "pr_1.nc", "empty.nc"]) {
        await withFile(fixture, name, async (file, bytes) => {
          const told: number[] = [];
          const onProgress = ({ bytes: done, of }: { readonly bytes: number; readonly of: number }): void => {
            assert.ok(done <= bytes.length && of === bytes.length, `${done} of ${of}`);
            told.push(done);
          };
          assertSameBytes(new Uint8Array(await readFile(await file.localPath({ onProgress }))), bytes, name);
          assert.deepEqual(
            told,
            [...told].sort((a, b) => a - b),
            "progress only grows",
          );
          assertSameBytes(new Uint8Array(await readFile(await file.localPath())), bytes, `${name}, again`);
        });
      }
    },
  },
  {
    name: "says that a file is not there",
    async run(fixture) {
      const location = locationOf(fixture, "none.nc");
      await assertRejects(fixture.source.open(location), "TWIN_FILE_NOT_FOUND", "opening what is not there", [
        location,
      ]);
    },
  },
  {
    name: "refuses to read after closing; closing twice is allowed",
    async run(fixture) {
      const location = locationOf(fixture, LARGE);
      const file = await fixture.source.open(location);
      await withFile(fixture, LARGE, async (other, bytes) => {
        await file.close();
        await file.close();
        await file[Symbol.asyncDispose]();
        await assertRejects(readBytes(file, 0, 1), "TWIN_FILE_CLOSED", "reading after closing", [location]);
        await assertRejects(file.localPath(), "TWIN_FILE_CLOSED", "a path after closing");
        assertSameBytes(await readBytes(other, 0, 10), bytes.slice(0, 10), "another one on the same location");
      });
    },
  },
  {
    name: "does nothing for a signal that is aborted already",
    async run(fixture) {
      const signal = AbortSignal.abort(new Error("called off"));
      const { source, folder } = fixture;
      await assertAborted(source.open(locationOf(fixture, LARGE), { signal }), signal, "opening");
      await assertAborted(source.list(folder, { signal })[Symbol.asyncIterator]().next(), signal, "listing");
      await withFile(fixture, LARGE, async (file) => {
        await assertAborted(readBytes(file, 0, 10, { signal }), signal, "reading");
        await assertAborted(file.localPath({ signal }), signal, "a path");
      });
    },
  },
  {
    name: "settles a read that is aborted while it runs, and goes on serving others",
    run: (fixture) =>
      withFile(fixture, LARGE, async (file, bytes) => {
        const abort = new AbortController();
        const settled = readBytes(file, 0, bytes.length, { signal: abort.signal }).then(
          (read) => assertSameBytes(read, bytes, "a read that was faster than the abort"),
          (error: unknown) => assert.equal(error, abort.signal.reason, "the reason of the signal"),
        );
        const other = readBytes(file, 0, bytes.length).then((read) => assertSameBytes(read, bytes, "a read beside it"));
        abort.abort(new Error("called off"));
        await Promise.all([settled, other]);
        assertSameBytes(await readBytes(file, 0, bytes.length), bytes, "a read after an abort");
      }),
  },
];

/** Where a file of the sample lies. */
export function locationOf(fixture: SourceFixture, name: string): string {
  return fixture.locationOf?.(name) ?? `${fixture.folder}${name}`;
}

function expected(name: string): Uint8Array {
  const bytes = sourceSample()[name];
  assert.ok(bytes, `the sample has no ${name}`);
  return bytes;
}

async function withFile(
  fixture: SourceFixture,
  name: string,
  body: (file: SourceFile, bytes: Uint8Array) => unknown,
): Promise<void> {
  const file = await fixture.source.open(locationOf(fixture, name));
  try {
    await body(file, expected(name));
  } finally {
    await file.close();
  }
}

function assertSameBytes(actual: Uint8Array | undefined, wanted: Uint8Array, what: string): void {
  assert.ok(actual);
  assert.equal(actual.length, wanted.length, `${what}: number of bytes`);
  if (Buffer.compare(actual, wanted) === 0) return;
  const at = wanted.findIndex((byte, i) => actual[i] !== byte);
  assert.fail(`${what}: byte ${at} is ${actual[at]}, not ${wanted[at]}`);
}
