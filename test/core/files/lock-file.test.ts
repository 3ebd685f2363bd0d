import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockFile } from "../../../core/files/lock-file.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-lock-"));
  path = join(folder, "data");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The number of a process that is gone. */
async function pidOfTheDead(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  return child.pid as number;
}

async function leaveLock(holder: { host?: string; pid: number; started?: string }): Promise<void> {
  await writeFile(`${path}.lock`, JSON.stringify({ id: "left", host: hostname(), started: "", ...holder }));
}

describe("the lock of a file", () => {
  it("has one holder, of this process too, and leaves nothing when it is given back", async () => {
    const unlock = await lockFile(path);
    await expect(lockFile(path)).rejects.toMatchObject({
      code: "TWIN_FILE_LOCKED",
      message: expect.stringContaining(`process ${process.pid}`),
    });
    await unlock();
    expect(await readdir(folder)).toEqual([]);
    await (await lockFile(path))();
  });

  it("goes to one of many who want it at once", async () => {
    for (const left of ["no lock", "a lock of the dead"]) {
      if (left !== "no lock") await leaveLock({ pid: await pidOfTheDead() });
      const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockFile(path)));
      const got = tries.filter(({ status }) => status === "fulfilled");
      expect(got.length, left).toBe(1);
      for (const each of tries) {
        if (each.status === "rejected") expect(each.reason).toMatchObject({ code: "TWIN_FILE_LOCKED" });
        else await each.value();
      }
      expect(await readdir(folder), left).toEqual([]);
    }
  });

  it("is taken over from a process that is gone, also where another has its number", async () => {
    await leaveLock({ pid: await pidOfTheDead() });
    await (await lockFile(path))();
    if (process.platform !== "linux") return;
    await leaveLock({ pid: process.pid, started: "another boot 1" });
    await (await lockFile(path))();
  });

  it("is taken over when the one before was killed while it took it over, and so was the one before that", async () => {
    const dead = { host: hostname(), started: "", pid: await pidOfTheDead() };
    await leaveLock(dead);
    await writeFile(`${path}.lock.left`, JSON.stringify({ ...dead, id: "first" }));
    await writeFile(`${path}.lock.left.first`, JSON.stringify({ ...dead, id: "second" }));
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockFile(path)));
    const got = tries.filter(({ status }) => status === "fulfilled");
    expect(got.length).toBe(1);
    for (const each of got) if (each.status === "fulfilled") await each.value();
    expect(await readdir(folder)).toEqual([]);
  });

  it("is not taken over from a process that is there, where the system does not tell when it started", async () => {
    await leaveLock({ pid: process.pid, started: "" });
    await expect(lockFile(path)).rejects.toMatchObject({ code: "TWIN_FILE_LOCKED" });
  });

  it("is not taken over from another computer: the message says what to remove", async () => {
    await leaveLock({ host: "elsewhere", pid: 1 });
    const text = await readFile(`${path}.lock`, "utf8");
    await expect(lockFile(path)).rejects.toMatchObject({
      code: "TWIN_FILE_LOCKED",
      message: expect.stringContaining(`remove "${path}.lock"`),
    });
    expect(await readFile(`${path}.lock`, "utf8")).toBe(text);
  });

  it("is not taken over where it does not say whose it is", async () => {
    await writeFile(`${path}.lock`, "");
    await expect(lockFile(path)).rejects.toMatchObject({
      code: "TWIN_FILE_LOCKED",
      message: expect.stringContaining(`"${path}" is being written by another process`),
    });
  });

  it("stays with who took it meanwhile, when one gives back what it no longer has", async () => {
    const unlock = await lockFile(path);
    await leaveLock({ pid: process.pid });
    await unlock();
    expect(await readdir(folder)).toEqual(["data.lock"]);
  });
});
