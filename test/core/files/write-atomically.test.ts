import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeAtomically, writeFileAtomically } from "../../../core/index.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-files-"));
  path = join(folder, "file.txt");
});
afterEach(async () => {
  await chmod(folder, 0o700);
  await rm(folder, { recursive: true });
});

describe("Atomic writes", () => {
  it.skipIf(process.platform !== "linux")("fail where no folder can be made, and do not try for ever", async () => {
    const write = writeFileAtomically("/proc/no-such-folder/below/file.txt", "x");
    await expect(write).rejects.toMatchObject({ code: "TWIN_WRITE_FAILED" });
  });

  it.each(["https://data.example.org/file.txt", "s3://bucket/file.txt"])(
    "refuse %s, which is no path",
    async (location) => {
      await expect(writeFileAtomically(location, "x")).rejects.toMatchObject({ code: "TWIN_WRITE_FAILED", location });
    },
  );

  it("put a file under its name when it is complete, with its folders", async () => {
    const deep = join(folder, "a/b/file.txt");
    await writeAtomically(deep, async (temporary) => {
      await writeFile(temporary, "half");
      expect(await readdir(join(folder, "a/b"))).toEqual([
        expect.stringMatching(/^\.file\.txt\.[0-9a-f]{12}\.partial$/),
      ]);
      await writeFile(temporary, "whole");
    });
    expect(await readFile(deep, "utf8")).toBe("whole");
    expect(await readdir(join(folder, "a/b"))).toEqual(["file.txt"]);
  });

  it("refuse an existing file, before anything is written, unless asked", async () => {
    await writeFileAtomically(path, "old");
    let called = false;
    const writing = writeAtomically(path, async () => {
      called = true;
    });
    await expect(writing).rejects.toMatchObject({ code: "TWIN_FILE_EXISTS", location: path });
    expect(called).toBe(false);
    await writeFileAtomically(path, "new", { existing: "replace" });
    expect(await readFile(path, "utf8")).toBe("new");
  });

  it("do not overwrite a file that appeared meanwhile", async () => {
    const writing = writeAtomically(path, async (temporary) => {
      await writeFile(temporary, "mine");
      await writeFile(path, "theirs");
    });
    await expect(writing).rejects.toMatchObject({ code: "TWIN_FILE_EXISTS" });
    expect(await readFile(path, "utf8")).toBe("theirs");
    expect(await readdir(folder)).toEqual(["file.txt"]);
  });

  it("let one of many writers win, and tell the others", async () => {
    const outcomes = await Promise.allSettled([..."abcdefgh"].map((text) => writeFileAtomically(path, text)));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await readdir(folder)).toEqual(["file.txt"]);
  });

  it("leave nothing when the writer fails or is aborted", async () => {
    const failure = new Error("disk on fire");
    const failing = writeAtomically(path, async (temporary) => {
      await writeFile(temporary, "half");
      throw failure;
    });
    await expect(failing).rejects.toBe(failure);
    const abort = new AbortController();
    const reason = new Error("called off");
    const aborted = writeAtomically(
      path,
      async (temporary) => {
        await writeFile(temporary, "half");
        abort.abort(reason);
      },
      abort,
    );
    await expect(aborted).rejects.toBe(reason);
    expect(await readdir(folder)).toEqual([]);
  });

  it("say what the system refuses", async () => {
    await mkdir(path);
    await expect(writeFileAtomically(path, "", { existing: "replace" })).rejects.toMatchObject({
      code: "TWIN_WRITE_FAILED",
      location: path,
      message: expect.stringContaining(path),
    });
    await writeFileAtomically(join(folder, "plain"), "");
    await expect(writeFileAtomically(join(folder, "plain/below"), "")).rejects.toMatchObject({
      code: "TWIN_WRITE_FAILED",
    });
  });
});
