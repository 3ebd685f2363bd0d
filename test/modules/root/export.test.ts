import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { exportRoot } from "../../../modules/root/index.ts";
import { FIXTURES, useRoot } from "./shared.ts";

const { path } = useRoot();
const ABOUT = { time: "2026-11-21T12:00:00Z", exportedBy: "test", command: "test" };
const source = join(FIXTURES, "conformance.root");

// What needs a real Python is in test/services/root-export.test.ts.
describe("exporting without a Python that can", () => {
  it("says that the program does not run, and what to install", async () => {
    const exporting = exportRoot(source, path("a.h5"), {
      ...ABOUT,
      python: "no-such-python",
      cacheFolder: path("cache"),
    });
    await expect(exporting).rejects.toMatchObject({
      code: "TWIN_PYTHON_UNAVAILABLE",
      message: expect.stringMatching(/no-such-python does not run.*python3-venv/),
    });
  });

  it.skipIf(process.platform === "win32")("says that Python is too old", async () => {
    const python = await program("old", 'echo "3.8.10 linux /usr"');
    await expect(
      exportRoot(source, path("b.h5"), { ...ABOUT, python, cacheFolder: path("cache") }),
    ).rejects.toMatchObject({
      code: "TWIN_PYTHON_UNAVAILABLE",
      message: expect.stringContaining("is 3.8.10"),
    });
  });

  it.skipIf(process.platform === "win32")(
    "says why no environment could be made, and leaves no half of one",
    async () => {
      const python = await program(
        "no-venv",
        'case "$1" in -c) echo "3.12.1 linux /usr";; *) echo "No module named venv" >&2; exit 1;; esac',
      );
      const cacheFolder = path("cache-of-no-venv");
      const exporting = exportRoot(source, path("c.h5"), { ...ABOUT, python, cacheFolder });
      await expect(exporting).rejects.toMatchObject({
        code: "TWIN_PYTHON_UNAVAILABLE",
        message: expect.stringContaining("No module named venv"),
      });
      expect(await readdir(join(cacheFolder, "root-export"))).toEqual([]);
    },
  );

  it("refuses a file that is not there, and one that would be overwritten, and entries in reverse, before any of that", async () => {
    const options = { ...ABOUT, python: "no-such-python" };
    await expect(exportRoot(path("none.root"), path("d.h5"), options)).rejects.toMatchObject({
      code: "TWIN_FILE_NOT_FOUND",
    });
    await expect(exportRoot(source, path("d.h5"), { ...options, start: 5, stop: 4 })).rejects.toMatchObject({
      code: "TWIN_ROOT_EXPORT_FAILED",
      message: expect.stringContaining("from 5 to 4"),
    });
    await writeFile(path("e.h5"), "kept");
    await expect(exportRoot(source, path("e.h5"), options)).rejects.toMatchObject({ code: "TWIN_FILE_EXISTS" });
  });
});

async function program(name: string, script: string): Promise<string> {
  const file = path(name);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}
