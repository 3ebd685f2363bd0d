import {
  appendFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  realpath,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LocalSource, readBytes, type SourceEntry } from "../../../core/index.ts";
import { steppedTiming } from "./stepped-timing.ts";

const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => (i * 7 + (i >> 8)) & 255);
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-local-"));
  file = join(folder, "a.nc");
  await writeFile(file, bytes);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function names(entries: AsyncIterable<SourceEntry>): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { location } of entries) found.push(location.replace(`${folder}/`, ""));
  return found;
}

describe("the local source", () => {
  it("opens paths and file: URLs; the version follows the contents", async () => {
    const source = new LocalSource();
    await using first = await source.open(file);
    await using second = await source.open(pathToFileURL(file).href);
    expect([first.bytes, second.bytes, second.version]).toEqual([10_000, 10_000, first.version]);
    expect(await readBytes(second, 9_990, 10)).toEqual(bytes.slice(9_990));
    await utimes(file, new Date(), new Date(Date.now() + 1));
    await using third = await source.open(file);
    expect(third.version).not.toBe(first.version);
  });

  it("refuses folders, pipes and what is not there, each with its code", async () => {
    const source = new LocalSource();
    await expect(source.open(folder)).rejects.toMatchObject({ code: "TWIN_FILE_UNREADABLE" });
    await expect(source.open("/dev/null")).rejects.toMatchObject({ code: "TWIN_FILE_UNREADABLE" });
    await expect(source.open("file://host/x\0")).rejects.toMatchObject({ code: "TWIN_FILE_UNREADABLE" });
    await expect(source.open(join(folder, "b.nc"))).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
    await expect(source.open(join(file, "b.nc"))).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
  });

  it("lists folders, files and patterns with sizes, sorted; loops of links end", async () => {
    await mkdir(join(folder, "y/2001"), { recursive: true });
    await writeFile(join(folder, "y/2001/tas_1.nc"), bytes.subarray(0, 5));
    await writeFile(join(folder, "y/2001/tas_2.nc"), bytes.subarray(0, 6));
    await writeFile(join(folder, "y/2001/pr (1).nc"), "");
    await writeFile(join(folder, "y/[x].nc"), "");
    await writeFile(join(folder, "y/.hidden.nc"), "");
    await symlink(folder, join(folder, "y/loop"));
    await symlink("nowhere", join(folder, "y/dangling.nc"));
    const source = new LocalSource();
    const list = (pattern: string) => names(source.list(pattern));
    expect(await list(folder)).toEqual(["a.nc"]);
    expect(await list(`${folder}/y/`)).toEqual(["y/.hidden.nc", "y/[x].nc"]);
    expect(await list(file)).toEqual(["a.nc"]);
    expect(await list(`${folder}/*/200?/tas_*.nc`)).toEqual(["y/2001/tas_1.nc", "y/2001/tas_2.nc"]);
    // Links are followed, but never in a circle.
    expect(await list(`${folder}/y/**/*.nc`)).toEqual([
      "y/2001/pr (1).nc",
      "y/2001/tas_1.nc",
      "y/2001/tas_2.nc",
      "y/[x].nc",
      "y/loop/a.nc",
    ]);
    expect(await list(`${folder}/y/{2001,2002}/tas_[2-9].nc`)).toEqual(["y/2001/tas_2.nc"]);
    expect(await list(`${folder}/{a,y/2001/tas_1}.nc`)).toEqual(["a.nc", "y/2001/tas_1.nc"]);
    expect(await list(`${folder}/y/2001/pr (1).n*`)).toEqual(["y/2001/pr (1).nc"]);
    expect(await list(`${folder}/y/\\[x\\].n*`)).toEqual(["y/[x].nc"]);
    expect(await list(`${folder}/y/.h*`)).toEqual(["y/.hidden.nc"]);
    expect(await list(`${folder}/none_*.nc`)).toEqual([]);
    const sizes: number[] = [];
    for await (const entry of source.list(`${folder}/y/2001/tas_*`)) sizes.push(entry.bytes);
    expect(sizes).toEqual([5, 6]);
    await expect(list(`${folder}/none/*.nc`)).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
  });

  it("with a root serves nothing outside it, whatever links say", async () => {
    await mkdir(join(folder, "root"));
    await writeFile(join(folder, "root/in.nc"), "in");
    await symlink(file, join(folder, "root/out.nc"));
    await symlink(folder, join(folder, "root/up"));
    await symlink("in.nc", join(folder, "root/link.nc"));
    const source = new LocalSource({ root: join(folder, "root") });
    for (const location of [
      file,
      "../a.nc",
      "out.nc",
      "up/a.nc",
      "/etc/passwd",
      "../none.nc",
      pathToFileURL(file).href,
    ]) {
      await expect(source.open(location), location).rejects.toMatchObject({ code: "TWIN_LOCATION_REFUSED" });
    }
    for (const location of ["in.nc", "link.nc", join(folder, "root/in.nc")]) {
      await using opened = await source.open(location);
      expect(opened.bytes, location).toBe(2);
    }
    expect(await names(source.list("*.nc"))).toEqual(["in.nc", "link.nc"]);
    expect(await names(source.list("**/*.nc"))).toEqual(["in.nc", "link.nc"]);
    await expect(names(source.list("../*.nc"))).rejects.toMatchObject({ code: "TWIN_LOCATION_REFUSED" });
  });

  it("notices a file that was changed or cut short while it is open", async () => {
    const { timing, advance } = steppedTiming();
    const source = new LocalSource({ timing });
    await using changed = await source.open(file);
    await appendFile(file, "more");
    advance(1000);
    await expect(readBytes(changed, 0, 10)).rejects.toMatchObject({
      code: "TWIN_READ_FAILED",
      message: expect.stringContaining("changed since it was opened"),
    });
    await using cut = await source.open(file);
    await truncate(file, 100);
    await expect(readBytes(cut, 50, 100)).rejects.toMatchObject({ code: "TWIN_READ_FAILED" });
  });
});

/** A file system whose handles fail as told: a text is the code of an error, a number how many bytes are given. */
function faultySystem(faults: (string | number | "hang" | undefined)[], opens: (string | undefined)[] = []) {
  let opened = 0;
  const failure = (code: string) => Object.assign(new Error(`${code}: the mount says so`), { code });
  const fileSystem = {
    stat,
    readdir,
    realpath: (path: string) => realpath(path),
    open: (async (path: string, flags: number) => {
      opened++;
      const code = opens.shift();
      if (code !== undefined) throw failure(code);
      const handle = await open(path, flags);
      const read = handle.read.bind(handle) as (...all: unknown[]) => Promise<unknown>;
      handle.read = (async (target: Uint8Array, offset: number, length: number, position: number) => {
        const fault = faults.shift();
        if (fault === "hang") return await new Promise(() => undefined);
        if (typeof fault === "string") {
          // What a failing read leaves behind must not be taken for data.
          target.fill(0, offset, offset + length);
          throw failure(fault);
        }
        if (fault === 0) return { bytesRead: 0, buffer: target };
        return await read(target, offset, fault === undefined ? length : Math.min(fault, length), position);
      }) as typeof handle.read;
      return handle;
    }) as typeof open,
  };
  return { fileSystem, opened: () => opened };
}

describe("a mount that vanishes while it is read", () => {
  const retry = { attempts: 4, budgetMs: 60_000 };

  it.for(["EIO", "ESTALE", "ETIMEDOUT", "ENOTCONN", "EAGAIN"])("%s is retried on a new handle", async (code) => {
    const { timing, pauses } = steppedTiming();
    const { fileSystem, opened } = faultySystem([1000, code, code, 500]);
    await using opens = await new LocalSource({ fileSystem, timing, retry }).open(file);
    expect(await readBytes(opens, 0, 10_000)).toEqual(bytes);
    expect(opened()).toBe(3);
    expect(pauses.length).toBe(2);
  });

  it("bytes that come in pieces, or none at first, are put together", async () => {
    const { timing } = steppedTiming();
    const { fileSystem } = faultySystem([1, 2, 0, 3, 0, 0, 4000]);
    await using opens = await new LocalSource({ fileSystem, timing, retry }).open(file);
    expect(await readBytes(opens, 5, 9_000)).toEqual(bytes.slice(5, 9_005));
  });

  it("is given up with one coded error when the tries are used up", async () => {
    const { timing, pauses } = steppedTiming();
    const { fileSystem } = faultySystem([100, "EIO", "EIO", "ESTALE", "EIO", "EIO"]);
    await using opens = await new LocalSource({ fileSystem, timing, retry }).open(file);
    await expect(readBytes(opens, 0, 10_000)).rejects.toMatchObject({
      code: "TWIN_SOURCE_UNAVAILABLE",
      message: expect.stringContaining("EIO: the mount says so"),
    });
    expect(pauses.length).toBe(3);
  });

  it("is given up when the time is used up", async () => {
    const { timing } = steppedTiming({ random: 0.99 });
    const { fileSystem } = faultySystem(Array.from({ length: 100 }, () => "EIO"));
    const source = new LocalSource({ fileSystem, timing, retry: { attempts: 1000, budgetMs: 5000 } });
    await using opens = await source.open(file);
    await expect(readBytes(opens, 0, 10)).rejects.toMatchObject({ code: "TWIN_SOURCE_UNAVAILABLE" });
    expect(timing.now()).toBeLessThanOrEqual(5000);
    expect(timing.now()).toBeGreaterThan(2000);
  });

  it("is waited for when it is opened, too, and while its mount point is empty", async () => {
    const { timing } = steppedTiming();
    const { fileSystem } = faultySystem(["ESTALE"], ["EIO", undefined, "ENOENT", "EIO"]);
    await using opens = await new LocalSource({ fileSystem, timing, retry: { ...retry, attempts: 6 } }).open(file);
    expect(await readBytes(opens, 0, 10_000)).toEqual(bytes);
  });

  it("which comes back with another file is refused, not mixed", async () => {
    const { timing } = steppedTiming();
    const { fileSystem } = faultySystem([100, "ESTALE"]);
    await using opens = await new LocalSource({ fileSystem, timing, retry }).open(file);
    await rm(file);
    await writeFile(file, bytes.toReversed());
    await expect(readBytes(opens, 0, 10_000)).rejects.toMatchObject({
      code: "TWIN_READ_FAILED",
      message: expect.stringContaining("changed"),
    });
  });

  it("never answers: the time limit ends the wait", async () => {
    const { fileSystem } = faultySystem(["hang"]);
    await using opens = await new LocalSource({ fileSystem, timeoutMs: 20 }).open(file);
    await expect(readBytes(opens, 0, 10)).rejects.toMatchObject({
      code: "TWIN_SOURCE_UNAVAILABLE",
      message: expect.stringContaining("did not answer within 20 ms"),
    });
  });

  it("parallel reads survive that one of them opens it anew", async () => {
    const { timing } = steppedTiming();
    const { fileSystem } = faultySystem([undefined, "EIO", undefined, "ESTALE", "EIO"]);
    await using opens = await new LocalSource({ fileSystem, timing, retry }).open(file);
    const reads = await Promise.all(Array.from({ length: 20 }, (_, i) => readBytes(opens, i * 500, 500)));
    expect(Buffer.concat(reads)).toEqual(Buffer.from(bytes));
  });
});
