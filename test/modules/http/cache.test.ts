import { readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readBytes } from "../../../core/index.ts";
import { type HttpServer, startHttpServer } from "../../servers/http-server.ts";
import { type HttpSetup, httpSetup, sampleBytes } from "./shared.ts";

const bytes = sampleBytes(200_000);
const BLOCK = 4096;
let server: HttpServer;
let setup: HttpSetup;
let url: string;

beforeEach(async () => {
  server = await startHttpServer({ files: { "/a.nc": bytes } });
  setup = await httpSetup(server.origin);
  url = `${server.origin}/a.nc`;
});
afterEach(async () => {
  await server.close();
  await setup.dispose();
});

const rangesSince = (count: number): readonly (string | undefined)[] =>
  server.requests.slice(count).map(({ headers }) => headers.range);

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

describe("blocks", () => {
  it("opening is one request, which brings the head; reading there is none", async () => {
    await using file = await setup.source.open(url);
    await readBytes(file, 0, BLOCK);
    expect(rangesSince(0)).toEqual(["bytes=0-4095"]);
    expect(file.fetchedBytes).toBe(BLOCK);
  });

  it("that are missing side by side are one request; what is there is not asked for again", async () => {
    await using file = await setup.source.open(url);
    await readBytes(file, 5 * BLOCK + 10, 10);
    await readBytes(file, BLOCK, 8 * BLOCK);
    expect(rangesSince(1)).toEqual(["bytes=20480-24575", "bytes=4096-20479", "bytes=24576-36863"]);
    expect(await readBytes(file, 0, bytes.length)).toEqual(bytes);
    expect(rangesSince(4)).toEqual([`bytes=36864-${bytes.length - 1}`]);
    expect(file.fetchedBytes).toBe(bytes.length);
  });

  it("of several ranges are asked for together", async () => {
    await using file = await setup.source.open(url);
    const ranges = [9, 3, 4, 5, 9, 20].map((block) => ({ target: new Uint8Array(100), position: block * BLOCK + 7 }));
    await file.readEachInto?.(ranges);
    for (const { target, position } of ranges) expect(target).toEqual(bytes.slice(position, position + 100));
    expect(new Set(rangesSince(1))).toEqual(new Set(["bytes=12288-24575", "bytes=36864-40959", "bytes=81920-86015"]));
  });

  it("wanted by many at once are fetched once", async () => {
    await using file = await setup.source.open(url);
    const reads = await Promise.all(Array.from({ length: 20 }, (_, i) => readBytes(file, 50_000 + i, 1000)));
    reads.forEach((read, i) => {
      expect(read).toEqual(bytes.slice(50_000 + i, 51_000 + i));
    });
    expect(rangesSince(1)).toEqual(["bytes=49152-53247"]);
  });

  it("whose first caller gives up are still there for the second", async () => {
    await using file = await setup.source.open(url);
    const abort = new AbortController();
    const first = readBytes(file, 50_000, 100, { signal: abort.signal });
    const second = readBytes(file, 50_000, 100);
    abort.abort(new Error("called off"));
    await expect(first).rejects.toBe(abort.signal.reason);
    expect(await second).toEqual(bytes.slice(50_000, 50_100));
    const third = readBytes(file, 90_000, 100, { signal: AbortSignal.timeout(0) });
    await Promise.allSettled([third]);
    expect(await readBytes(file, 90_000, 100)).toEqual(bytes.slice(90_000, 90_100));
  });

  it("stay on disk for another program; the server is asked whether they are still right", async () => {
    await using file = await setup.source.open(url);
    await readBytes(file, 0, bytes.length);
    await setup.source.settled();
    const count = server.requests.length;
    await using again = await setup.another().open(url);
    expect(await readBytes(again, 0, bytes.length)).toEqual(bytes);
    expect(rangesSince(count)).toEqual(["bytes=0-4095"]);
    server.put("/a.nc", bytes.toReversed());
    await using changed = await setup.another().open(url);
    expect(await readBytes(changed, 0, bytes.length)).toEqual(bytes.toReversed());
  });

  it("that are damaged on disk are fetched again: flipped, cut, emptied", async () => {
    await using file = await setup.source.open(url);
    await readBytes(file, 0, bytes.length);
    await setup.source.settled();
    const blocks = await filesBelow(join(setup.folder, "blocks"));
    expect(blocks).toHaveLength(49);
    for (const [i, path] of blocks.entries()) {
      const stored = await readFile(path);
      stored[40 + i] = (stored[40 + i] ?? 0) ^ 1;
      if (i % 3 === 0) await writeFile(path, stored);
      else await truncate(path, i % 3 === 1 ? 1000 : 0);
    }
    await using again = await setup.another().open(url);
    expect(await readBytes(again, 0, bytes.length)).toEqual(bytes);
    expect(again.fetchedBytes).toBe(bytes.length);
  });

  it("stay within the limit, those used longest ago go first", async () => {
    const maxBytes = 60_000;
    const source = setup.another({ cache: { folder: setup.folder, maxBytes, memoryBytes: 0, blockBytes: BLOCK } });
    await using file = await source.open(url);
    for (let at = 0; at < bytes.length; at += BLOCK) {
      expect(await readBytes(file, at, 100)).toEqual(bytes.slice(at, at + 100));
      await source.settled();
    }
    const sizes = await Promise.all((await filesBelow(setup.folder)).map(async (path) => (await stat(path)).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(maxBytes * 1.1 + BLOCK);
    expect(sizes.length).toBeGreaterThan(5);
  });

  it("of programs that share the folder do not disturb each other", async () => {
    const sources = Array.from({ length: 6 }, () =>
      setup.another({ cache: { folder: setup.folder, maxBytes: 40_000, memoryBytes: 0, blockBytes: BLOCK } }),
    );
    const reading = sources.map(async (source) => {
      await using file = await source.open(url);
      for (let i = 0; i < 30; i++) {
        const at = (i * 37_199) % 190_000;
        expect(await readBytes(file, at, 9_000)).toEqual(bytes.slice(at, at + 9_000));
      }
    });
    await Promise.all(reading);
  });

  it("need no disk: a folder that cannot be made only costs requests", async () => {
    const folder = join(setup.folder, "file");
    await writeFile(folder, "in the way");
    const source = setup.another({ cache: { folder, maxBytes: 1e9, memoryBytes: 1e6, blockBytes: BLOCK } });
    await using file = await source.open(url);
    expect(await readBytes(file, 0, bytes.length)).toEqual(bytes);
    await expect(file.localPath()).rejects.toMatchObject({ code: "TWIN_WRITE_FAILED" });
  });
});

describe("a download", () => {
  it("is made once, kept, and told of as it goes on", async () => {
    const told: number[] = [];
    await using file = await setup.source.open(url);
    const [path, same] = await Promise.all([
      file.localPath({ onProgress: ({ bytes: sofar, of }) => told.push(sofar / of) }),
      file.localPath(),
    ]);
    expect(same).toBe(path);
    expect(path).toMatch(/\/a\.nc$/);
    expect(new Uint8Array(await readFile(path))).toEqual(bytes);
    expect(told.at(-1)).toBe(1);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    const count = server.requests.length;
    await using again = await setup.another().open(url);
    expect(await again.localPath()).toBe(path);
    expect(rangesSince(count)).toEqual(["bytes=0-4095"]);
  });

  it("that was touched since is made again", async () => {
    await using file = await setup.source.open(url);
    const path = await file.localPath();
    await writeFile(path, bytes.toReversed());
    await using again = await setup.another().open(url);
    expect(new Uint8Array(await readFile(await again.localPath()))).toEqual(bytes);
  });

  it("that is called off, or broke, goes on where it was", async () => {
    const once = { attempts: 1, budgetMs: 1000 };
    const source = setup.another({ retry: once });
    await using file = await source.open(url);
    server.next({ kind: "drop", afterBytes: 120_000 });
    await expect(file.localPath()).rejects.toMatchObject({ code: "TWIN_SOURCE_UNAVAILABLE" });
    const count = server.requests.length;
    await using again = await setup.another().open(url);
    const abort = new AbortController();
    await expect(
      again.localPath({ signal: abort.signal, onProgress: () => abort.abort(new Error("called off")) }),
    ).rejects.toThrow("called off");
    expect(new Uint8Array(await readFile(await again.localPath()))).toEqual(bytes);
    const starts = rangesSince(count).map((range) => Number(/=(\d+)/.exec(range ?? "")?.[1]));
    expect(starts.length).toBeGreaterThanOrEqual(3);
    expect(starts[1]).toBeGreaterThan(0);
    expect((await filesBelow(join(setup.folder, "downloads"))).filter((path) => path.endsWith(".partial"))).toEqual([]);
  });

  it("whose first part was damaged meanwhile starts anew", async () => {
    const source = setup.another({ retry: { attempts: 1, budgetMs: 1000 } });
    await using file = await source.open(url);
    server.next({ kind: "drop", afterBytes: 120_000 });
    await expect(file.localPath()).rejects.toMatchObject({ code: "TWIN_SOURCE_UNAVAILABLE" });
    const [partial = ""] = (await filesBelow(setup.folder)).filter((path) => path.endsWith(".partial"));
    const stored = await readFile(partial);
    await writeFile(partial, stored.fill(0, 100, 200));
    await using again = await setup.another().open(url);
    expect(new Uint8Array(await readFile(await again.localPath()))).toEqual(bytes);
  });

  it("larger than allowed is refused before it begins, and while it goes on", async () => {
    const source = setup.another({ maxDownloadBytes: 150_000 });
    await using file = await source.open(url);
    await expect(file.localPath()).rejects.toMatchObject({ code: "TWIN_DOWNLOAD_TOO_LARGE", bytes: 200_000 });
    expect(await readBytes(file, 199_000, 1000)).toEqual(bytes.slice(199_000));
    await using plain = await startHttpServer({ files: { "/a.nc": bytes }, ranges: false });
    const { another, dispose } = await httpSetup(plain.origin);
    await expect(another({ maxDownloadBytes: 150_000 }).open(`${plain.origin}/a.nc`)).rejects.toMatchObject({
      code: "TWIN_DOWNLOAD_TOO_LARGE",
    });
    plain.always({ kind: "lengthen", byBytes: 1 });
    await expect(another({ maxDownloadBytes: 150_000 }).open(`${plain.origin}/a.nc`)).rejects.toMatchObject({
      code: "TWIN_DOWNLOAD_TOO_LARGE",
    });
    await dispose();
  });

  it("is how files of a server without ranges are read, once per version", async () => {
    await using plain = await startHttpServer({ files: { "/a.nc": bytes }, ranges: false });
    const { source, another, dispose } = await httpSetup(plain.origin);
    plain.next(undefined, { kind: "drop", afterBytes: 1000 }, { kind: "truncate", afterBytes: 0 });
    await using file = await source.open(`${plain.origin}/a.nc`);
    expect(await readBytes(file, 70_000, 5000)).toEqual(bytes.slice(70_000, 75_000));
    expect(new Uint8Array(await readFile(await file.localPath()))).toEqual(bytes);
    const count = plain.requests.length;
    await using again = await another().open(`${plain.origin}/a.nc`);
    expect(await readBytes(again, 0, bytes.length)).toEqual(bytes);
    expect(plain.requests.length).toBe(count + 1);
    expect(again.fetchedBytes).toBe(0);
    await dispose();
  });

  it("of programs that run at once is right for all of them", async () => {
    const paths = await Promise.all(
      Array.from({ length: 5 }, async () => {
        await using file = await setup.another().open(url);
        return await file.localPath();
      }),
    );
    expect(new Set(paths).size).toBe(1);
    for (const path of paths) expect(new Uint8Array(await readFile(path))).toEqual(bytes);
    await rm(paths[0] ?? "");
    await using file = await setup.another().open(url);
    expect(new Uint8Array(await readFile(await file.localPath()))).toEqual(bytes);
  });
});
