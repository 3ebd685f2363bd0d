import { describe, expect, it } from "vitest";
import { attestReproduction } from "../../../../core/lifecycle/reproduce/attest-reproduction.ts";
import { compareRuns } from "../../../../core/lifecycle/reproduce/compare-runs.ts";
import { sampleStore, seal } from "../log/sample-store.ts";
import { sampleRun } from "./sample-records.ts";

describe("attestReproduction", () => {
  it("keeps what says something of one version, and nothing else", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    const [{ digest: version }, { digest: other }] = [await seal(store, "A"), await seal(store, "B")];
    const run = sampleRun({ version });
    const kept = async (...pair: Parameters<typeof compareRuns>): Promise<boolean> =>
      (await attestReproduction(store, await compareRuns(...pair))) !== undefined;
    expect(await kept(run, sampleRun({ version: other }))).toBe(false);
    expect(await kept(sampleRun({ version: other }), run)).toBe(false);
    expect(await kept(run, sampleRun())).toBe(false);
    expect(await kept(sampleRun(), run)).toBe(false);
    expect(await kept(sampleRun(), sampleRun())).toBe(false);
    expect(await kept(run, sampleRun({ version, input: "other" }))).toBe(false);
    const bare = sampleRun({ version, outputs: {}, result: null });
    expect(await kept(bare, bare)).toBe(false);
    expect((await store.log("ecal").read()).attestations.size).toBe(0);
    expect(await kept(run, run)).toBe(true);
    expect(await kept(run, sampleRun({ version, state: "failed" }))).toBe(true);
    const kinds = (await store.log("ecal").read()).attestations.get(version)?.map(({ verdict }) => verdict);
    expect(kinds).toEqual(["passed", "failed"]);
  });
});
