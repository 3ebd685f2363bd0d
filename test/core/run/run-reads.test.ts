import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memory } from "twinloom/modules/memory";
import { expect, it } from "vitest";
import { z } from "zod";
import { Connector, createTwin, dataset, defineTask, federate, readRunRecord, runTask } from "../../../core/index.ts";
import { temperatures } from "../data/federate/fixtures.ts";

const warmest = defineTask({
  name: "warmest",
  description: "Finds the highest temperature",
  parameters: z.object({}),
  needs: { files: Connector },
  inputs: {},
  outputs: {},
  async run({ needs: { files }, recordReads, signal }) {
    const parts = ["memory:late", "memory:early"].map((name) => ({ name, open: () => files.open(name) }));
    await using all = recordReads(await federate({ along: "time", parts, signal }));
    const values = (await all.variables["tas"]?.read({ time: { from: 1, to: 2 } }))?.toFloat64() ?? new Float64Array();
    return Math.max(...values);
  },
});

it("a sealed run record names what the task read, down to the part and the selection", async () => {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-reads-"));
  try {
    await using twin = await createTwin({ name: "reads", plugins: { files: memory() } });
    await twin.files.write("memory:early", dataset(temperatures([0, 1])));
    await twin.files.write("memory:late", dataset(temperatures([2, 3])));
    await runTask(twin, warmest, { out: join(folder, "run") });
    // Checks the seal.
    const record = await readRunRecord(join(folder, "run", "run.json"));
    expect(record).toHaveProperty("steps.warmest.result", 202);
    expect(record).toHaveProperty("steps.warmest.reads.sources", [
      {
        location: "memory:early",
        format: "memory",
        version: null,
        reads: [
          { variable: "/lat", selection: {}, reads: 1, bytes: 24 },
          { variable: "/tas", selection: { time: { start: 1, stop: 2 } }, reads: 1, bytes: 24 },
          { variable: "/time", selection: {}, reads: 1, bytes: 16 },
        ],
      },
      {
        location: "memory:late",
        format: "memory",
        version: null,
        reads: [
          { variable: "/lat", selection: {}, reads: 1, bytes: 24 },
          { variable: "/tas", selection: { time: { start: 0, stop: 1 } }, reads: 1, bytes: 24 },
          { variable: "/time", selection: {}, reads: 1, bytes: 16 },
        ],
      },
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
