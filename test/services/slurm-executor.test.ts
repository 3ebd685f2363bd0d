import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, vi } from "vitest";
import { createSlurm } from "../../modules/slurm/create-slurm.ts";
import type { SlurmPluginSettings } from "../../modules/slurm/options.ts";
import { preemptionCases, testExecutor, timeLimitCases } from "../conformance/index.ts";
import { type LocalSlurm, slurmMissing, startSlurm } from "../servers/slurm.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

const missing = slurmMissing();
const SETTINGS: SlurmPluginSettings = { timeoutMs: 60_000, pollMs: 200, settleMs: 1000 };
// A minute is the least that Slurm knows, and it looks for jobs that are over it twice a minute.
const isLong = process.env["TWINLOOM_LONG"] === "1";
const MINUTES = "takes minutes of a real Slurm; TWINLOOM_LONG=1 runs it";

describe.skipIf(missing !== undefined)(`Slurm${missing === undefined ? "" : ` (${missing})`}`, () => {
  let slurm: LocalSlurm;
  beforeAll(async () => {
    slurm = await startSlurm();
  });
  afterAll(() => slurm.stop());

  testExecutor(
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "slurm-"));
      const environment = { ...process.env, ...slurm.env };
      return {
        executor: await createSlurm(SETTINGS, environment),
        another: () => createSlurm(SETTINGS, environment),
        folder,
        deadlineMs: 240_000,
        timeLimit: { timeLimitS: 60, warnS: 30 },
        dispose: () => rm(folder, { recursive: true, force: true }),
      };
    },
    {
      skip: {
        ...Object.fromEntries(isLong ? [] : timeLimitCases.map(({ name }) => [name, MINUTES])),
        ...Object.fromEntries(
          preemptionCases.map(({ name }) => [name, "what pre-empts is another job, in a test of its own"]),
        ),
      },
    },
  );
});
