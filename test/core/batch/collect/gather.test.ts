import { describe, expect, it } from "vitest";
import { type GatherRun, gatherResults } from "../../../../core/batch/collect/index.ts";
import {
  type DatasetInit,
  type DType,
  dataset,
  type JsonValue,
  NdArray,
  type OpenDataset,
  type Variable,
} from "../../../../core/index.ts";

/** A file that is in memory; `opened` counts how often it was. */
function fileOf(init: DatasetInit): { open(): Promise<OpenDataset>; opened: number } {
  const file = {
    opened: 0,
    open: async (): Promise<OpenDataset> => {
      file.opened++;
      const close = async (): Promise<void> => undefined;
      return { ...dataset(init), format: "memory", location: "memory:run", close, [Symbol.asyncDispose]: close };
    },
  };
  return file;
}

function array(values: readonly number[], dims: readonly string[], shape = [values.length], unit?: string): NdArray {
  return new NdArray(Float64Array.from(values), { dtype: "float64", shape, dims, unit });
}

function typed(dtype: DType, data: NdArray["data"], dims: readonly string[]): NdArray {
  return new NdArray<DType>(data, { dtype, shape: dims.length === 0 ? [] : [data.length], dims });
}

function runsOf(
  inits: readonly (DatasetInit | undefined)[],
  more: readonly { readonly parameters?: Record<string, JsonValue>; readonly result?: JsonValue }[] = [],
): GatherRun[] {
  return inits.map((init, run) => ({
    run,
    state: init ? "succeeded" : "failed",
    parameters: more[run]?.parameters ?? {},
    result: more[run]?.result,
    open: init && fileOf(init).open,
  }));
}

async function valuesOf(variable: Variable | undefined): Promise<unknown[]> {
  return [...((await variable?.read())?.values() ?? [])];
}

describe("gather: variables of many runs", () => {
  it("joins variables of equal shape along a new first dimension, with their unit and attributes", async () => {
    const runs = runsOf(
      [1, 2, 3].map((n) => ({
        attributes: { title: "Deposits", made: n },
        variables: {
          deposit: { array: array([n, 10 * n], ["layer"], [2], "MeV"), attributes: { long_name: "deposit" } },
          total: array([11 * n], [], []),
        },
      })),
    );
    await using all = await gatherResults(runs);
    const { deposit, total } = all.variables;
    expect([deposit?.dims, deposit?.shape, deposit?.unit]).toEqual([["task_run", "layer"], [3, 2], "MeV"]);
    expect(deposit?.attributes["long_name"]).toBe("deposit");
    expect(await valuesOf(deposit)).toEqual([1, 10, 2, 20, 3, 30]);
    expect(await valuesOf(total)).toEqual([11, 22, 33]);
    expect(await valuesOf(all.variables["task_run"])).toEqual([0n, 1n, 2n]);
    expect(all.attributes).toMatchObject({ title: "Deposits" });
    expect(all.attributes["made"]).toBeUndefined();
  });

  it("lets runs follow each other along a first dimension whose length differs, and counts them", async () => {
    const runs = runsOf(
      [2, 0, 3].map((n, run) => ({
        variables: {
          hit: array(
            Array.from({ length: n }, (_, i) => i),
            ["hit"],
          ),
          energy: array(Array(n).fill(run), ["hit"]),
          position: array(Array(3 * n).fill(run), ["hit", "axis"], [n, 3]),
          loose: array(Array(n).fill(run), ["dim_0"]),
        },
      })),
    );
    await using all = await gatherResults(runs);
    expect(all.variables["hit_count"]?.attributes).toMatchObject({ sample_dimension: "hit" });
    expect(await valuesOf(all.variables["hit_count"])).toEqual([2n, 0n, 3n]);
    expect(await valuesOf(all.variables["energy"])).toEqual([0, 0, 2, 2, 2]);
    expect(await valuesOf(all.variables["hit"])).toEqual([0, 1, 0, 1, 2]);
    expect(all.variables["position"]?.shape).toEqual([5, 3]);
    expect(all.dims).toMatchObject({ hit: { length: 5 } });
    // An axis without a name gets one of its own.
    expect(all.variables["loose"]?.dims).toEqual(["loose_0"]);
    expect(await valuesOf(all.variables["loose_0_count"])).toEqual([2n, 0n, 3n]);
  });

  it("keeps a coordinate that all runs share, and joins one that differs under another name", async () => {
    const runs = runsOf(
      [0, 1].map((n) => ({
        variables: { layer: array([1, 2], ["layer"], [2], "mm"), time: array([0, n], ["time"]) },
      })),
    );
    await using all = await gatherResults(runs);
    expect(all.variables["layer"]?.dims).toEqual(["layer"]);
    expect(all.variables["layer"]?.unit).toBe("mm");
    expect(all.coordinates).toEqual(expect.arrayContaining(["task_run", "layer"]));
    expect(all.variables["time"]).toBeUndefined();
    expect(await valuesOf(all.variables["time_coordinate"])).toEqual([0, 0, 0, 1]);
  });

  it("keeps groups, and their dimensions apart", async () => {
    const runs = runsOf(
      [1, 2].map((n) => ({
        groups: {
          a: { attributes: { note: "of a" }, variables: { hits: array(Array(n).fill(n), ["hit"]) } },
          b: { variables: { hits: array([5, 6], ["hit"]) } },
        },
      })),
    );
    await using all = await gatherResults(runs);
    expect(all.groups["a"]?.attributes).toMatchObject({ note: "of a" });
    expect(await valuesOf(all.groups["a"]?.variables["hits"])).toEqual([1, 2, 2]);
    expect(await valuesOf(all.groups["a"]?.variables["hit_count"])).toEqual([1n, 2n]);
    expect(all.groups["b"]?.variables["hits"]?.dims).toEqual(["task_run", "hit"]);
  });

  it("shows a run without a file as missing, never as zeros", async () => {
    const present: DatasetInit = {
      variables: {
        real: array([1], [], []),
        small: typed("uint8", Uint8Array.of(255), []),
        large: typed("int64", BigInt64Array.of(7n), []),
        flag: typed("bool", Uint8Array.of(1), []),
        text: typed("string", ["a"], []),
      },
    };
    await using all = await gatherResults(runsOf([present, undefined]));
    const { real, small, large, flag, text, task_run_state: state } = all.variables;
    expect(await valuesOf(state)).toEqual(["succeeded", "failed"]);
    expect(await valuesOf(real)).toEqual([1, Number.NaN]);
    // 255 is a value, so there is no room for missing in the type that it had.
    expect([small?.dtype, small?.fillValue, await valuesOf(small)]).toEqual(["int16", -32768, [255, -32768]]);
    expect([large?.dtype, await valuesOf(large)]).toEqual(["int64", [7n, large?.fillValue]]);
    expect([flag?.dtype, await valuesOf(flag)]).toEqual(["int8", [1, -1]]);
    expect(await valuesOf(text)).toEqual(["a", ""]);
    expect(small?.attributes["_FillValue"]).toBe(-32768);
  });

  it("fills a variable that some runs lack", async () => {
    const runs = runsOf([{ variables: { a: array([1, 2], ["x"]) } }, { variables: { b: array([3, 4], ["x"]) } }]);
    await using all = await gatherResults(runs);
    expect(await valuesOf(all.variables["a"])).toEqual([1, 2, Number.NaN, Number.NaN]);
    expect(await valuesOf(all.variables["b"])).toEqual([Number.NaN, Number.NaN, 3, 4]);
  });

  it("brings types and units of runs to those of the first", async () => {
    const runs = runsOf([
      { variables: { e: array([1], [], [], "GeV") } },
      { variables: { e: new NdArray(Float32Array.of(500), { dtype: "float32", shape: [], dims: [], unit: "MeV" }) } },
    ]);
    await using all = await gatherResults(runs);
    expect([all.variables["e"]?.dtype, all.variables["e"]?.unit]).toEqual(["float64", "GeV"]);
    expect(await valuesOf(all.variables["e"])).toEqual([1, 0.5]);
  });

  it("refuses variables of one name that cannot be one, and names the runs", async () => {
    const other = (init: DatasetInit): Promise<OpenDataset> =>
      gatherResults(runsOf([{ variables: { v: array([1, 2], ["x"]) } }, init]));
    const refused = { code: "TWIN_PARTS_DISAGREE", parts: ["run 0", "run 1"] };
    await expect(other({ variables: { v: typed("string", ["a", "b"], ["x"]) } })).rejects.toMatchObject(refused);
    await expect(other({ variables: { v: array([1, 2], ["y"]) } })).rejects.toMatchObject(refused);
    const wide = (n: number): DatasetInit => ({ variables: { v: array(Array(n).fill(0), ["x", "y"], [1, n]) } });
    await expect(gatherResults(runsOf([wide(2), wide(3)]))).rejects.toMatchObject({
      message: expect.stringContaining("Only the length of the first dimension may differ"),
    });
  });

  it("refuses to gather nothing, and stops when it is told to", async () => {
    await expect(gatherResults([])).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
    const controller = new AbortController();
    const runs = runsOf(Array.from({ length: 50 }, () => ({ variables: { v: array([1], [], []) } })));
    const gathering = gatherResults(runs, {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error("enough")),
    });
    await expect(gathering).rejects.toThrow("enough");
  });

  it("reads large files by blocks, small ones once", async () => {
    const small = fileOf({ variables: { v: array([1, 2], ["x"]), w: array([1], [], []) } });
    await using few = await gatherResults([{ run: 0, state: "succeeded", parameters: {}, open: small.open }]);
    for (const name of ["v", "w", "v"]) await few.variables[name]?.read();
    expect(small.opened).toBe(1);
    const values = Float64Array.from({ length: 3_000_000 }, (_, i) => i);
    const large = fileOf({ variables: { v: typed("float64", values, ["x"]) } });
    const fractions: number[] = [];
    const open = large.open;
    await using big = await gatherResults(
      [0, 1].map((run) => ({ run, state: "succeeded", parameters: {}, open })),
      { onProgress: (fraction) => fractions.push(fraction) },
    );
    let elements = 0;
    for await (const { array: chunk } of big.variables["v"]?.chunks() ?? []) {
      expect(chunk.size * 8).toBeLessThanOrEqual(16e6);
      elements += chunk.size;
    }
    expect(elements).toBe(6_000_000);
    expect(fractions.at(-1)).toBe(1);
    expect([...fractions].sort((a, b) => a - b)).toEqual(fractions);
  });
});

describe("gather: parameters and returned values", () => {
  it("has swept parameters as coordinates, with the unit that their name says", async () => {
    const points = [
      { energyMeV: 1000, seed: 0, model: "fast", angleDeg: 0.5, quiet: true },
      { energyMeV: 2000, seed: 1, model: "slow", angleDeg: 1, quiet: false },
    ];
    const runs = runsOf(
      points.map((_, n) => ({ variables: { v: array([n], [], []) } })),
      points.map((parameters) => ({ parameters })),
    );
    await using all = await gatherResults(runs);
    const { energyMeV, seed, model, angleDeg, quiet, v } = all.variables;
    expect([energyMeV?.dtype, energyMeV?.unit, energyMeV?.dims]).toEqual(["int64", "MeV", ["task_run"]]);
    expect([seed?.dtype, seed?.unit]).toEqual(["int64", undefined]);
    expect([model?.dtype, await valuesOf(model)]).toEqual(["string", ["fast", "slow"]]);
    expect([angleDeg?.dtype, angleDeg?.unit]).toEqual(["float64", "degree"]);
    expect([quiet?.dtype, await valuesOf(quiet)]).toEqual(["bool", [1, 0]]);
    const coordinates = "energyMeV seed model angleDeg quiet task_run_state";
    expect([all.attributes["coordinates"], v?.attributes["coordinates"]]).toEqual([coordinates, coordinates]);
  });

  it("gives a parameter another name where the files have a variable of its name", async () => {
    const runs = runsOf([{ variables: { energyMeV: array([3], [], []) } }], [{ parameters: { energyMeV: 4 } }]);
    await using all = await gatherResults(runs);
    expect(await valuesOf(all.variables["energyMeV"])).toEqual([3]);
    expect(await valuesOf(all.variables["parameter.energyMeV"])).toEqual([4n]);
  });

  it("has what tasks returned by names of members, missing where a run did not succeed", async () => {
    const init: DatasetInit = { variables: {} };
    const runs = runsOf(
      [init, init, undefined],
      [{ result: { x: 1, deep: { meanMeV: 2.5, list: [1, 2] }, label: "a" } }, { result: { x: 2, deep: {} } }, {}],
    );
    await using all = await gatherResults(runs);
    expect(await valuesOf(all.variables["result.x"])).toEqual([1, 2, Number.NaN]);
    expect(all.variables["result.deep.meanMeV"]?.unit).toBe("MeV");
    expect(await valuesOf(all.variables["result.deep.meanMeV"])).toEqual([2.5, Number.NaN, Number.NaN]);
    expect(await valuesOf(all.variables["result.label"])).toEqual(["a", "", ""]);
    expect(Object.keys(all.variables).filter((name) => name.includes("list"))).toEqual([]);
  });

  it("tells results for which there was no room", async () => {
    const result = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`n${i}`, i]));
    await using all = await gatherResults(runsOf([{ variables: {} }], [{ result }]));
    expect(all.attributes["results_left_out"]).toBe("result.n1000");
  });
});
