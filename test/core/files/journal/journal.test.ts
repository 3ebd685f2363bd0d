import { execFileSync } from "node:child_process";
import { appendFile, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openJournal, readJournal } from "../../../../core/index.ts";
import { isPrefix, KIND, readAll, recordOf, writeJournal } from "./sample.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-journal-"));
  path = join(folder, "deep", "state.journal");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("a journal", () => {
  it("gives back what was appended, in its order, byte for byte, also over several sessions", async () => {
    await writeJournal(path, [1, 5, 20]);
    await using journal = await openJournal(path, { kind: KIND });
    expect(journal.found).toMatchObject({ records: 26, tornBytes: 0, isClosed: true });
    for (let index = 26; index < 40; index++) await journal.append(recordOf(index));
    await journal.close();
    const { records, end } = await readAll(path);
    expect(records.length).toBe(40);
    expect(isPrefix(records)).toBe(true);
    expect(end).toMatchObject({ records: 40, bytes: (await stat(path)).size, tornBytes: 0, isClosed: true });
  });

  it("is the same file, byte for byte, when it is opened and closed without appending", async () => {
    await writeJournal(path, [3]);
    const before = await readFile(path);
    await (await openJournal(path, { kind: KIND })).close();
    expect(await readFile(path)).toEqual(before);
  });

  it("has empty records and large ones", async () => {
    const large = Buffer.alloc(9_000_001, "large");
    const journal = await openJournal(path, { kind: KIND });
    await Promise.all([journal.append(new Uint8Array(0)), journal.append(large), journal.append(Buffer.from("end"))]);
    await journal.close();
    const { records } = await readAll(path);
    expect(records.map(({ length }) => length)).toEqual([0, large.length, 3]);
    expect(records[1]?.equals(large)).toBe(true);
  });

  it("reads the bytes before `append` returns its promise", async () => {
    await using journal = await openJournal(path, { kind: KIND });
    const record = Buffer.from("before");
    const appending = journal.append(record);
    record.fill(0);
    await appending;
    expect((await readAll(path)).records.map(String)).toEqual(["before"]);
  });

  it("can be read while it is written: what is complete comes", async () => {
    await using journal = await openJournal(path, { kind: KIND });
    for (let index = 0; index < 10; index++) await journal.append(recordOf(index));
    const { records, end } = await readAll(path);
    expect(records.length).toBe(10);
    expect(end).toMatchObject({ records: 10, isClosed: false });
  });

  it("gives readers whole records in their order, and never takes what is being written for damage", async () => {
    const journal = await openJournal(path, { kind: KIND });
    let isOver: boolean = false;
    let index = 0;
    const append = async (): Promise<void> => {
      while (!isOver) await journal.append(recordOf(index++));
    };
    const writers = Promise.all(Array.from({ length: 20 }, append));
    for (let times = 0; times < 40; times++) {
      const { records, end } = await readAll(path);
      expect(isPrefix(records)).toBe(true);
      expect(end).toMatchObject({ records: records.length });
    }
    isOver = true;
    await writers;
    await journal.close();
    expect((await readAll(path)).records.length).toBe(index);
  });

  it("reads in step with who takes it: not the whole file before the first record", async () => {
    const journal = await openJournal(path, { kind: KIND });
    await Promise.all(Array.from({ length: 100 }, () => journal.append(new Uint8Array(1 << 20))));
    await journal.close();
    const reading = readJournal(path, { kind: KIND });
    const before = process.memoryUsage().arrayBuffers;
    await reading.next();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 << 20);
    await reading.return();
  });

  it("is of one kind, and says so of another", async () => {
    await writeJournal(path, [2]);
    const wrong = { code: "TWIN_FILE_UNREADABLE", message: expect.stringContaining('"test.v1", not of "other"') };
    await expect(openJournal(path, { kind: "other" })).rejects.toMatchObject(wrong);
    await expect(readJournal(path, { kind: "other" }).next()).rejects.toMatchObject(wrong);
  });

  it("says what it is given instead of a journal", async () => {
    await mkdir(join(folder, "folder"));
    await writeFile(join(folder, "text"), "no journal, but a text that is long enough to have a header in its place");
    await writeFile(join(folder, "empty"), "");
    const read = async (name: string): Promise<unknown> => await readJournal(join(folder, name), { kind: KIND }).next();
    await expect(read("none")).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
    for (const name of ["folder", "text", "empty"]) {
      await expect(read(name), name).rejects.toMatchObject({ code: "TWIN_FILE_UNREADABLE" });
    }
    const opened = openJournal(join(folder, "text"), { kind: KIND });
    await expect(opened).rejects.toMatchObject({ code: "TWIN_FILE_UNREADABLE" });
    expect(await readFile(join(folder, "text"), "utf8")).toContain("no journal");
  });

  it("has one writer at a time, by whichever link it is opened", async () => {
    await using _journal = await openJournal(path, { kind: KIND });
    const link = join(folder, "link.journal");
    await symlink(path, link);
    await expect(openJournal(link, { kind: KIND })).rejects.toMatchObject({ code: "TWIN_FILE_LOCKED" });
  });

  it("is not made anew where the system does not tell whether it is there", async () => {
    const loop = join(folder, "loop.journal");
    await symlink(loop, loop);
    await expect(openJournal(loop, { kind: KIND })).rejects.toMatchObject({
      code: "TWIN_WRITE_FAILED",
      cause: { code: "ELOOP" },
    });
  });

  it("refuses one that is there where it is to be new, and leaves it as it is", async () => {
    await writeJournal(path, [4]);
    await expect(openJournal(path, { kind: KIND, existing: "refuse" })).rejects.toMatchObject({
      code: "TWIN_FILE_EXISTS",
    });
    expect((await readAll(path)).records.length).toBe(4);
    await (await openJournal(path, { kind: KIND })).close();
  });

  it("appends nothing after it is closed, and closes twice", async () => {
    const journal = await openJournal(path, { kind: KIND });
    const appending = journal.append(recordOf(0));
    await Promise.all([journal.close(), journal.close()]);
    await appending;
    await expect(journal.append(recordOf(1))).rejects.toMatchObject({ code: "TWIN_FILE_CLOSED" });
    expect((await readAll(path)).records.length).toBe(1);
  });

  it("ends with the reason of a signal", async () => {
    await writeJournal(path, [4]);
    const signal = AbortSignal.abort(new Error("called off"));
    await expect(readJournal(path, { kind: KIND, signal }).next()).rejects.toBe(signal.reason);
    await expect(openJournal(path, { kind: KIND, signal })).rejects.toBe(signal.reason);
    await (await openJournal(path, { kind: KIND })).close();
  });

  it("refuses a name of a kind that does not fit, and a record that does not", async () => {
    for (const kind of ["", "x".repeat(256)]) {
      await expect(openJournal(path, { kind })).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
    }
    await using journal = await openJournal(path, { kind: KIND });
    const tooLong = { length: (1 << 28) + 1 } as Uint8Array;
    await expect(journal.append(tooLong)).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
  });

  it("cuts a torn end when it is opened, tells how much, and goes on after what was whole", async () => {
    await writeJournal(path, [5], { close: true });
    await appendFile(path, Buffer.alloc(1000, 7));
    await using journal = await openJournal(path, { kind: KIND });
    expect(journal.found).toMatchObject({ records: 5, tornBytes: 1000, isClosed: false });
    for (let index = 5; index < 9; index++) await journal.append(recordOf(index));
    const { records } = await readAll(path);
    expect(records.length).toBe(9);
    expect(isPrefix(records)).toBe(true);
  });
});

describe("a full disk", () => {
  it("loses nothing that was acknowledged, and goes on when there is room", async ({ skip }) => {
    const disk = join(folder, "disk");
    await mkdir(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], { stdio: "ignore" });
    } catch {
      skip("mounting a small disk needs root");
    }
    try {
      const ballast = join(disk, "ballast");
      await writeFile(ballast, Buffer.alloc(500_000));
      const journal = await openJournal(join(disk, "full.journal"), { kind: KIND });
      const record = (index: number): Buffer => Buffer.alloc(30_000, index);
      let acknowledged = 0;
      const filling = (async () => {
        for (; acknowledged < 100; acknowledged++) await journal.append(record(acknowledged));
      })();
      await expect(filling).rejects.toMatchObject({
        code: "TWIN_WRITE_FAILED",
        message: expect.stringContaining("ENOSPC"),
        cause: { code: "ENOSPC" },
      });
      expect(acknowledged).toBeGreaterThan(5);
      expect((await readAll(join(disk, "full.journal"))).records.length).toBe(acknowledged);
      await rm(ballast);
      for (const end = acknowledged + 5; acknowledged < end; acknowledged++) await journal.append(record(acknowledged));
      await journal.close();
      const { records, end } = await readAll(join(disk, "full.journal"));
      expect(records.map((each) => each[0])).toEqual(Array.from({ length: acknowledged }, (_, index) => index));
      expect(end).toMatchObject({ tornBytes: 0, isClosed: true });
    } finally {
      execFileSync("umount", [disk]);
    }
  });
});
