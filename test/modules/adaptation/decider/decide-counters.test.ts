import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CounterFaults, type Counters, type FeatureWindow, RandomStream } from "../../../../core/index.ts";
import { sliceOfRows } from "../../../../modules/adaptation/decider/twin-loop.ts";
import type { ConditionsChange, Decided } from "../../../../modules/adaptation/index.ts";
import { ToyEvents, toyCounters } from "../counters/toy-counters.ts";
import { COLUMNS, concatenated, conditionsWith, SyntheticTwin, simulate } from "../loop/synthetic-twin.ts";
import { decideAll } from "./sample.ts";

const STEP_NS = 500_000n;
const SILENT = 5;
const COUNTERS = toyCounters(4);

/** The synthetic twin, with counters. */
class CountingTwin extends SyntheticTwin {
  #faults: CounterFaults = { silent: [], noisy: [] };

  get counters(): Counters {
    return { ...COUNTERS, faults: this.#faults };
  }

  override async apply(conditions: Float64Array, faults?: CounterFaults): Promise<void> {
    await super.apply(conditions);
    this.#faults = faults ?? this.#faults;
  }
}

/** A counter falls silent, and what it measured is missing of a channel; later the gain of another channel moves. */
function windows(size: number): readonly FeatureWindow[] {
  const random = new RandomStream({ seed: 20_261_122n, id: 9n });
  const counted = new ToyEvents(COUNTERS, 4n);
  const parts = [
    { count: 5000, changes: {}, silent: [] },
    { count: 8000, changes: { 3: 0.96 }, silent: [SILENT] },
    { count: 10_000, changes: { 3: 0.96, 8: 1.05 }, silent: [SILENT] },
  ];
  let startNs = 0n;
  const made = parts.map(({ count, changes, silent }) => {
    const features = simulate({ random, conditions: conditionsWith(changes), count, startNs, stepNs: STEP_NS });
    startNs += BigInt(count) * STEP_NS;
    return { features, marks: counted.make(count, { silent }).marks };
  });
  const features = concatenated(made.map((part) => part.features));
  const lengths = made.flatMap(({ marks }) =>
    Array.from(marks?.offsets.slice(1) ?? [], (end, i) => end - (marks?.offsets[i] ?? 0)),
  );
  const offsets = new Uint32Array(features.count + 1);
  lengths.forEach((length, i) => {
    offsets[i + 1] = (offsets[i] as number) + length;
  });
  const counters = Uint32Array.from(made.flatMap(({ marks }) => [...(marks?.counters ?? [])]));
  const all = { ...features, marks: { offsets, counters } };
  return Array.from({ length: Math.ceil(features.count / size) }, (_, i) => {
    const [from, to] = [i * size, Math.min(features.count, (i + 1) * size)];
    const rows = {
      ...sliceOfRows(all, from, to),
      columns: COLUMNS,
      sources: Array.from({ length: to - from }, () => "synthetic"),
      sequences: BigUint64Array.from({ length: to - from }, (_, row) => BigInt(from + row)),
      ids: BigUint64Array.from({ length: to - from }, (_, row) => BigInt(from + row)),
    };
    return { startNs: BigInt(from) * STEP_NS, widthNs: BigInt(size) * STEP_NS, rows };
  });
}

let root: string;
let undisturbed: Decided;
const acts: ConditionsChange[] = [];
const twin = new CountingTwin();
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "twinloom-decide-"));
  const act = async (change: ConditionsChange): Promise<number> => acts.push(change);
  undisturbed = await decideAll(join(root, "undisturbed"), { adaptable: twin, act }, windows(1000));
}, 120_000);
afterAll(() => rm(root, { recursive: true }));

describe("decide, with counters", () => {
  it("lays to a counter what it did, and to a condition what that did", () => {
    const { decisions, conditions, faults } = undisturbed;
    expect(faults).toEqual({ silent: [SILENT], noisy: [] });
    expect(twin.counters.faults).toEqual(faults);
    expect(conditions[3]).toBe(1);
    expect(conditions[8]).toBeCloseTo(1.05, 1);
    expect(twin.current).toEqual(conditions);
    const kinds = decisions.map(({ decision }) => decision.kind);
    expect(kinds.filter((kind) => kind.startsWith("counters"))).toEqual([
      ...["counters-referred", "counters-alarmed", "counters-accepted"],
    ]);
    // What the silent counter does to channel 3 is normal from then on.
    const after = kinds.slice(kinds.indexOf("counters-accepted") + 1);
    expect(after.slice(0, 4)).toEqual(["referred", "alarmed", "proposed", "accepted"]);
  });

  it("acts on faults as it does on conditions", () => {
    expect(acts.map(({ decision }) => decision.kind)).toEqual(["counters-accepted", "accepted"]);
    const [first] = acts;
    expect(first?.decision).toMatchObject({ faultsAfter: { silent: [SILENT], noisy: [] } });
    expect(undisturbed.decisions[first?.number ?? -1]?.outcome).toBe(1);
  });

  it("decides the same in windows of whatever width", async () => {
    const { digest } = await decideAll(join(root, "narrow"), { adaptable: new CountingTwin() }, windows(330));
    expect(digest).toBe(undisturbed.digest);
  });

  it.each([6, 10])(
    "goes on after %d windows with another process, and decides the same, bit for bit",
    async (first) => {
      const folder = join(root, `after ${first}`);
      const all = windows(1000);
      await decideAll(folder, { adaptable: new CountingTwin() }, all.slice(0, first));
      const adaptable = new CountingTwin();
      const { digest, faults } = await decideAll(folder, { adaptable }, all);
      expect(digest).toBe(undisturbed.digest);
      expect(adaptable.counters.faults).toEqual(faults);
      expect(faults).toEqual(undisturbed.faults);
    },
  );

  it("goes on behind a checkpoint while a counter is being looked into", async () => {
    const all = windows(1000);
    const long = { windowEvents: 6000 };
    const once = await decideAll(join(root, "long"), { ...long, adaptable: new CountingTwin() }, all);
    const proven = once.decisions.find(({ decision }) => decision.kind === "counters-accepted")?.decision.events;
    expect(proven).toBeGreaterThan(11_000);
    const folder = join(root, "looked into");
    const told: string[] = [];
    const options = { ...long, onCheckpoint: async (atNs: bigint) => void told.push(String(atNs / STEP_NS)) };
    await decideAll(folder, { ...options, adaptable: new CountingTwin() }, all.slice(0, 11));
    // The reference after the suspicion is complete, the proof is not.
    expect(told.map(Number).at(-1)).toBeGreaterThan(9500);
    // What is before is gone.
    const { digest } = await decideAll(folder, { ...options, adaptable: new CountingTwin() }, all.slice(9));
    expect(digest).toBe(once.digest);
  });

  it("refuses decisions of a twin that counts nothing", async () => {
    const other = decideAll(join(root, "undisturbed"), {}, windows(1000));
    await expect(other).rejects.toMatchObject({ code: "TWIN_DECISIONS_DIVERGED" });
  });
});
