import { describe, expect, it } from "vitest";
import type { CommandIo } from "../../cli/command.ts";
import { type AdaptationTold, tellSummary } from "../../cli/tell-decisions.ts";
import { toyAdaptable } from "../thematic/detector/adaptation/toy-showers.ts";

async function summaryOf(faults: AdaptationTold["decided"]["faults"], json: boolean): Promise<readonly unknown[]> {
  const lines: unknown[] = [];
  const print = (line: unknown): void => void lines.push(line);
  const io = { json, print, printJson: print } as unknown as CommandIo;
  const adaptable = await toyAdaptable();
  const { current: conditions } = adaptable;
  const of = { events: 9, fromNs: 0n, toNs: 0n, phase: "watching", decisions: [], digest: "sha256:0" } as const;
  const told = { decided: { ...of, conditions, faults }, adaptable, folder: "f", name: "ecal", isLive: false };
  await tellSummary(told as unknown as AdaptationTold, {}, io);
  return lines;
}

const FAULTS = { silent: [6480, 6481, 6482, 6483, 6484, 6485], noisy: [{ counter: 0, rate: 0.1 }] };

describe("the summary of adapt", () => {
  it("names some counters that are silent, or noisy", async () => {
    expect((await summaryOf(FAULTS, false)).slice(1)).toEqual([
      "silent: readings of 19.5 to 20.5 keV, readings of 20.5 to 21.5 keV, readings of 21.5 to 22.5 keV, readings of 22.5 to 23.4 keV and 2 more",
      "noisy: cell [0, 0, 0]",
      "decisions sha256:0",
    ]);
    expect((await summaryOf({ silent: [], noisy: [] }, false)).slice(1)).toEqual(["decisions sha256:0"]);
  });

  it("names all of them as JSON, and none of a twin that has not decided on any", async () => {
    const [all] = await summaryOf(FAULTS, true);
    expect(all).toMatchObject({ faults: { silent: expect.any(Array), noisy: ["cell [0, 0, 0]"] } });
    expect((all as { faults: { silent: string[] } }).faults.silent).toHaveLength(6);
    expect((await summaryOf(undefined, true))[0]).toMatchObject({ faults: { silent: [], noisy: [] } });
  });
});
