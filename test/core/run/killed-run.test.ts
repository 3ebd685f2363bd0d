import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { digestFile, readRunRecord } from "../../../core/index.ts";

it("A run that is killed leaves nothing under its name, or a complete run", async () => {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-killed-"));
  const script = fileURLToPath(new URL("run-until-killed.ts", import.meta.url));
  let complete = 0;
  try {
    for (let round = 0; round < 8; round++) {
      const out = join(folder, `run-${round}`);
      const child = spawn(process.execPath, ["--conditions=@twinloom/source", script, out], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(child.stdout, "data");
      // The moment is what is varied; nothing is waited for.
      await sleep(round * 13);
      child.kill("SIGKILL");
      await once(child, "close");
      if (await isThere(out)) {
        complete++;
        const record = await readRunRecord(join(out, "run.json"));
        expect(record.state).toBe("succeeded");
        for (const { outputs } of Object.values(record.steps)) {
          for (const { path, fileDigest } of Object.values(outputs)) {
            expect((await digestFile(join(out, path))).digest).toBe(fileDigest);
          }
        }
        expect(JSON.parse(await readFile(join(out, "total/deep/total.json"), "utf8"))).toBe(199 * 200);
      }
    }
    expect(complete).toBeGreaterThan(0);
  } finally {
    await rm(folder, { recursive: true });
  }
});

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
