import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { DecideProgress } from "../../../../modules/adaptation/index.ts";
import { COMMON, SyntheticTwin } from "../loop/synthetic-twin.ts";
import { decideAll, drifting } from "./sample.ts";

const ALL = drifting();
const TRACK = { track: ["common gain", "coefficient"], trackIntervalS: 2 };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-tracked-"));
});
afterEach(() => rm(folder, { recursive: true }));

it("a decider takes the twin along with conditions that are tracked, and does so again from a checkpoint", async () => {
  const adaptable = new SyntheticTwin();
  const [seen, applied]: [DecideProgress[], number[]] = [[], []];
  const undisturbed = await decideAll(
    join(folder, "undisturbed"),
    {
      ...TRACK,
      adaptable,
      onProgress: (progress) => {
        seen.push(progress);
        applied.push(adaptable.current[COMMON] as number);
      },
    },
    ALL,
  );
  const kinds = undisturbed.decisions.map(({ decision }) => decision.kind);
  expect(kinds[0]).toBe("referred");
  expect(kinds.length).toBeGreaterThan(2);
  expect(new Set(kinds.slice(1))).toEqual(new Set(["tracked"]));
  expect(applied).toEqual(seen.map(({ conditions }) => conditions[COMMON]));
  expect(adaptable.current[COMMON]).toBeCloseTo(0.98, 2);
  // Not only when it is decided.
  expect(new Set(applied).size).toBeGreaterThan(2 * kinds.length);
  expect(seen.at(-1)?.tracked.map(({ condition }) => condition)).toEqual(TRACK.track);

  const again = join(folder, "again");
  await decideAll(again, TRACK, ALL.slice(0, 20));
  const other = new SyntheticTwin();
  const rest = await decideAll(again, { ...TRACK, adaptable: other }, ALL);
  expect(rest.digest).toBe(undisturbed.digest);
  expect(other.current).toEqual(adaptable.current);
});
