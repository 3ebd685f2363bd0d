import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { createSlurm } from "../../../modules/slurm/create-slurm.ts";
import type { SlurmPluginSettings } from "../../../modules/slurm/options.ts";
import { testExecutor } from "../../conformance/executor.ts";
import { startFakeSlurm } from "../../servers/fake-slurm.ts";

vi.setConfig({ testTimeout: 120_000 });

const SETTINGS: SlurmPluginSettings = { timeoutMs: 30_000, pollMs: 0, settleMs: 300 };

testExecutor(async () => {
  const slurm = await startFakeSlurm({ accounting: true, minuteMs: 60_000, maxArraySize: 100 });
  const folder = await mkdtemp(join(tmpdir(), "slurm-"));
  const environment = { ...process.env, ...slurm.env };
  return {
    executor: await createSlurm(SETTINGS, environment),
    another: () => createSlurm(SETTINGS, environment),
    folder,
    timeLimit: { timeLimitS: 6, warnS: 4 },
    preempt: async ({ id }, element) => slurm.strike(`${id}_${element}`, "preemption"),
    dispose: async () => {
      await slurm.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
});
