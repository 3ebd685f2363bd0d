import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readRunRecord } from "../../core/index.ts";
import { runTwinloom } from "./run-command-line.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-cli-checkpoints-"));
});
afterAll(() => rm(folder, { recursive: true }));

it.skipIf(process.platform === "win32")(
  "twinloom run --checkpoints: SIGUSR1 stops it with exit code 75, and it goes on with the same folder",
  async () => {
    const simulate = ["run", "examples/first-light.yaml", "simulate", "-p", "energyMeV=1000", "-p", "count=3000"];
    const run = async (out: string, signalAt?: { readonly text: string; readonly signal: NodeJS.Signals }) =>
      await runTwinloom([...simulate, "--out", join(folder, out), "--checkpoints", join(folder, "so-far")], {
        ...(signalAt && { signalAt }),
      });
    expect(await run("whole")).toMatchObject({ code: 0 });
    const stopped = await run("out", { text: "simulating", signal: "SIGUSR1" });
    expect(stopped).toMatchObject({ code: 75, stderr: expect.stringContaining("TWIN_TASK_STOPPED") });
    expect(stopped.stderr).toMatch(/saved its checkpoint \(\d+ of 3000 showers\)/);
    expect(await readdir(folder)).not.toContain("out");
    expect(await run("out")).toMatchObject({ code: 0 });
    const digests = await Promise.all(
      ["whole", "out"].map(async (out) => {
        const { steps } = await readRunRecord(join(folder, out));
        const [step] = Object.values(steps);
        return step?.outputs["showers"]?.contentDigest;
      }),
    );
    expect(digests[0]).toMatch(/^sha256:/);
    expect(digests[1]).toBe(digests[0]);
    expect(await readdir(join(folder, "so-far"))).toEqual([]);
  },
);
