import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { hostname } from "node:os";
import { afterEach, describe, expect, it } from "vitest";
import { identifyProcess, isProcessRunning, lookByPs } from "../../../core/files/process-identity.ts";

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

function start(program: string): ChildProcess & { readonly pid: number } {
  const child = spawn(process.execPath, ["-e", program], { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  return child as ChildProcess & { readonly pid: number };
}

describe("the identity of a process", () => {
  it("tells one that runs from one that is gone", async () => {
    const child = start("process.stdin.resume()");
    const identity = await identifyProcess(child.pid);
    expect(identity).toMatchObject({ host: hostname(), pid: child.pid });
    expect(await isProcessRunning(identity)).toBe(true);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await isProcessRunning(identity)).toBe(false);
  });

  it("takes one of another computer for running: nobody here knows", async () => {
    expect(await isProcessRunning({ host: "elsewhere.example", pid: 1, started: "x" })).toBe(true);
  });

  it.runIf(process.platform === "linux")("tells a later process of the same number apart", async () => {
    const { started, ...own } = await identifyProcess();
    expect(await isProcessRunning({ ...own, started: `${started}0` })).toBe(false);
  });

  it.runIf(process.platform === "linux")("knows that one has ended whose parent has not asked how", async () => {
    // A shell that starts a child, and becomes a program that never asks after it.
    const parent = spawn("/bin/sh", [
      "-c",
      'sleep 0 & echo $!; exec "$0" -e "process.stdin.resume()"',
      process.execPath,
    ]);
    children.push(parent);
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const zombie = { ...(await identifyProcess(Number(line))), started: "" };
    await expect.poll(() => isProcessRunning(zombie), { timeout: 20_000 }).toBe(false);
    expect(parent.exitCode).toBeNull();
  });

  it("is told by ps where there is no /proc", async () => {
    const child = start("process.stdin.resume()");
    const { started, isZombie } = await lookByPs(child.pid);
    // Some systems' ps tells no start; then there is nothing to compare.
    if (started !== "") expect(new Date(`${started} UTC`).getTime()).toBeGreaterThan(Date.now() - 86_400_000);
    expect(isZombie).toBe(false);
    expect(await lookByPs(2 ** 30)).toEqual({ started: "", isZombie: false });
  });
});
