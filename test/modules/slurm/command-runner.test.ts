import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CommandRunner } from "../../../modules/slurm/command-runner.ts";

/** A folder with an squeue that a site has put there: a script that starts another program. */
async function siteWith(script: string) {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-site-"));
  await writeFile(join(folder, "squeue"), `#!/bin/bash\n${script}\n`);
  await chmod(join(folder, "squeue"), 0o755);
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

describe("A command of Slurm", () => {
  it("that is a script of the site is ended with what it has started when it takes too long", async () => {
    await using site = await siteWith('sleep 600 & echo $! >"$0.pid"; wait');
    const runner = new CommandRunner({ binFolder: site.folder, environment: process.env, timeoutMs: 500 });
    await expect(runner.run("squeue", [])).rejects.toMatchObject({
      code: "TWIN_EXECUTOR_UNREACHABLE",
      message: expect.stringContaining("squeue was ended: it did not end within 0.5 s."),
    });
    const pid = (await readFile(join(site.folder, "squeue.pid"), "utf8")).trim();
    const stateOf = async (): Promise<string | undefined> =>
      /^State:\s+(\S)/m.exec(await readFile(`/proc/${pid}/status`, "utf8").catch(() => ""))?.[1];
    await expect.poll(stateOf, { timeout: 10_000 }).toSatisfy((state) => state === undefined || state === "Z");
  });

  it("gives back what it said, whatever its exit code, and reads what it is given", async () => {
    await using site = await siteWith("cat; echo why >&2; exit 3");
    const runner = new CommandRunner({ binFolder: site.folder, environment: process.env, timeoutMs: 60_000 });
    expect(await runner.run("squeue", [], { input: "✓ a b" })).toEqual({
      code: 3,
      signal: null,
      stdout: "✓ a b",
      stderr: "why\n",
    });
    await expect(runner.run("sbatch", [])).rejects.toThrow(`there is no sbatch in "${site.folder}".`);
    await expect(runner.run("squeue", [], { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow(
      "enough",
    );
  });
});
