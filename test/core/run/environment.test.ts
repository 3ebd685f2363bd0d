import { mkdir, mkdtemp, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { digestBytes } from "../../../core/index.ts";
import { currentEnvironment } from "../../../core/run/environment.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "environment-"));
  await mkdir(join(root, "batches"));
  vi.spyOn(process, "cwd").mockReturnValue(join(root, "batches"));
});
afterAll(async () => {
  vi.restoreAllMocks();
  await rm(root, { recursive: true });
});

describe("the environment of a run", () => {
  it("has the lock file as it is now, also where one of the same length and age took its place", async () => {
    const file = join(root, "package-lock.json");
    const lock = async (): Promise<unknown> =>
      (await currentEnvironment({ engine: "1.0.0", plugins: {}, models: {} })).lock;
    const digestOf = (text: string): unknown => ({ file: "package-lock.json", digest: digestBytes(text) });
    await writeFile(file, "one");
    await utimes(file, 1000, 1000);
    expect([await lock(), await lock()]).toEqual([digestOf("one"), digestOf("one")]);
    await writeFile(join(root, "new"), "two");
    await utimes(join(root, "new"), 1000, 1000);
    await rename(join(root, "new"), file);
    expect(await lock()).toEqual(digestOf("two"));
    await writeFile(file, "three");
    expect(await lock()).toEqual(digestOf("three"));
    await rm(file);
    // Above the temporary folder may be anything.
    expect(await lock()).not.toEqual(digestOf("three"));
  });
});
