import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { HeldValues } from "../../../../core/batch/collect/held-values.ts";
import { NdArray } from "../../../../core/index.ts";

const GATHER = fileURLToPath(new URL("gather-process.ts", import.meta.url));
const RUNS = 10_000;
/** Bytes of the values that a run has of `large`: just few enough to be held, as long as there is room. */
const LARGE = 64_000;

describe("gather: memory", () => {
  it("takes less than all values together, and has few files open", { timeout: 120_000 }, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...["--conditions=@twinloom/source", GATHER, `${RUNS}`, `${LARGE}`],
    ]);
    const { last, openedForSmall, elements, mostOpen, grownBytes } = JSON.parse(stdout);
    expect(last).toBe(RUNS - 1);
    // There is no room for the large variable, and the small one is held all the same.
    expect(openedForSmall).toBe(RUNS);
    expect(elements).toBe((RUNS * LARGE) / 8);
    expect(mostOpen).toBeLessThanOrEqual(8);
    // Of 640 MB. What is held, and what was not yet collected as garbage, took 200 to 270.
    expect(grownBytes).toBeLessThan(450e6);
  });

  it("lets the variable go that takes most when there is no room for all", () => {
    const held = new HeldValues({ runs: 10, capacityBytes: 1000 });
    const array = (values: readonly number[]): NdArray =>
      new NdArray(Float64Array.from(values), { dtype: "float64", shape: [values.length], dims: ["x"] });
    for (let run = 0; run < 10; run++) {
      held.add("/small", run, array([run]));
      held.add("/large", run, array(Array<number>(20).fill(run)));
    }
    expect([held.takes("/small"), held.takes("/large")]).toEqual([true, false]);
  });
});
