import { describe, expect, it } from "vitest";
import { HeldValues } from "../../../../core/batch/collect/held-values.ts";
import { gatherResults } from "../../../../core/batch/collect/index.ts";
import { type DatasetInit, dataset, NdArray, type OpenDataset } from "../../../../core/index.ts";

/** Bytes of the values that a run has of `large`. */
const LARGE = 40_000;

describe("gather: memory", () => {
  it("holds what it was asked for, not what many runs have, and few files open", async () => {
    const runs = 5000;
    let [open, mostOpen, opened] = [0, 0, 0];
    const before = process.memoryUsage().rss;
    let peak = before;
    const openRun = async (run: number): Promise<OpenDataset> => {
      opened++;
      mostOpen = Math.max(mostOpen, ++open);
      peak = Math.max(peak, process.memoryUsage().rss);
      const close = async (): Promise<void> => void open--;
      const own = dataset(contentOf(run));
      return { ...own, format: "memory", location: `memory:${run}`, close, [Symbol.asyncDispose]: close };
    };
    await using all = await gatherResults(
      Array.from({ length: runs }, (_, run) => ({
        run,
        state: "succeeded",
        parameters: {},
        open: () => openRun(run),
      })),
    );
    const small = await all.variables["small"]?.read();
    expect(small?.values().at(-1)).toBe(runs - 1);
    // There is no room for the large variable, and the small one is held all the same.
    expect(opened).toBe(runs);
    let elements = 0;
    for await (const { array } of all.variables["large"]?.chunks() ?? []) elements += array.size;
    expect(elements).toBe((runs * LARGE) / 8);
    expect(mostOpen).toBeLessThanOrEqual(8);
    // Of 200 MB.
    expect(peak - before).toBeLessThan(300e6);
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

function contentOf(run: number): DatasetInit {
  const large = new Float64Array(LARGE / 8).fill(run);
  return {
    variables: {
      small: new NdArray(Float64Array.of(run), { dtype: "float64", shape: [], dims: [] }),
      large: new NdArray(large, { dtype: "float64", shape: [large.length], dims: ["cell"] }),
    },
  };
}
