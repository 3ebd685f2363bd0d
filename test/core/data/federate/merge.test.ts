import { describe, expect, it } from "vitest";
import { type DatasetInit, type FederateOptions, federate, NdArray } from "../../../../core/index.ts";
import { field, floats, testPart } from "./fixtures.ts";

const merge = (inits: Readonly<Record<string, DatasetInit>>, options: Partial<FederateOptions> = {}) =>
  federate({ parts: Object.entries(inits).map(([name, init]) => testPart(name, init)), ...options });

/** One variable on time and latitude; values are 100 times the time, plus the place of the latitude in the part. */
function grid(
  name: string,
  times: readonly number[],
  lats: readonly number[],
  unit = "days since 2000-01-01",
): DatasetInit {
  return {
    variables: {
      time: floats(times, "time", unit),
      lat: floats(lats, "lat", "degrees_north"),
      [name]: field(times, "K"),
    },
  };
}

describe("parts with different variables", () => {
  it("are one dataset on the coordinates that they share", async () => {
    await using all = await merge({ a: grid("tas", [0, 1], [1, 2, 3]), b: grid("ts", [0, 1], [1, 2, 3]) });
    expect(Object.keys(all.variables)).toEqual(["time", "lat", "tas", "ts"]);
    expect(await all.variables["ts"]?.read()).toEqual(field([0, 1], "K"));
    expect(all.locate("ts", { time: 1, lat: 2 })).toMatchObject({ part: "b", index: { time: 1, lat: 2 } });
  });

  it("are laid on each other by value: in other order, in other units of time", async () => {
    await using all = await merge({
      a: grid("tas", [0, 1, 2], [1, 2, 3]),
      b: grid("ts", [48, 0, 24], [3, 2, 1], "hours since 2000-01-01"),
    });
    const ts = await all.variables["ts"]?.read();
    // Of the part's own: times 0, 24 and 48 h, latitudes turned round.
    expect(ts?.values()).toEqual(Float64Array.of(2, 1, 0, 2402, 2401, 2400, 4802, 4801, 4800));
    expect(
      (await all.variables["ts"]?.read({ time: { start: 1, stop: 3 }, lat: { start: 0, step: 2 } }))?.values(),
    ).toEqual(Float64Array.of(2402, 2400, 4802, 4800));
    expect((await all.variables["ts"]?.read({ time: 2, lat: 0 }))?.at()).toBe(4802);
    expect(all.locate("ts", { time: 2, lat: 0 })).toMatchObject({ index: { time: 0, lat: 2 } });
  });

  it("have the nearest coordinate within a tolerance", async () => {
    const inits = { a: grid("tas", [0, 1], [10, 20, 30]), b: grid("ts", [0, 1], [29.9, 20.04, 9.98]) };
    await expect(merge(inits)).rejects.toMatchObject({ code: "TWIN_PARTS_DISAGREE", parts: ["a", "b"] });
    await expect(merge(inits, { tolerance: { lat: 0.05 } })).rejects.toThrow(/1 values of "lat" .* 30/);
    await using all = await merge(inits, { tolerance: { lat: 0.2 } });
    expect((await all.variables["ts"]?.read({ time: 0 }))?.values()).toEqual(Float64Array.of(2, 1, 0));
    expect((await all.variables["lat"]?.read())?.values()).toEqual(Float64Array.of(10, 20, 30));
  });

  it("keep the values that all have, or those of the first, on request, and tell what is left out", async () => {
    const inits = { a: grid("tas", [0, 1, 2], [1, 2, 3]), b: grid("ts", [1, 2, 3, 4], [1, 2, 3]) };
    await expect(merge(inits)).rejects.toMatchObject({ code: "TWIN_PARTS_DISAGREE" });
    await expect(merge(inits, { join: "first" })).rejects.toThrow(/2000-01-01T00:00:00/);
    await using inner = await merge(inits, { join: "inner" });
    expect((await inner.variables["time"]?.read())?.values()).toEqual(Float64Array.of(1, 2));
    expect((await inner.variables["tas"]?.read({ lat: 0 }))?.values()).toEqual(Float64Array.of(100, 200));
    expect((await inner.variables["ts"]?.read({ lat: 0 }))?.values()).toEqual(Float64Array.of(100, 200));
    expect(inner.report.unmatched).toEqual([
      { part: "b", dimension: "time", count: 2 },
      { part: "a", dimension: "time", count: 1 },
    ]);
    expect(inner.locate("time", { time: 0 })).toMatchObject({ part: "a", index: { time: 1 } });
    // A tolerance makes values equal that are near, and no more.
    await expect(
      merge({ a: grid("tas", [1, 2], [1, 2, 3]), b: inits.b }, { tolerance: { time: 0.1 } }),
    ).rejects.toThrow(/2 values of "time" that the one has not/);
    await using first = await merge({ a: grid("tas", [1, 2], [1, 2, 3]), b: inits.b }, { join: "first" });
    expect((await first.variables["ts"]?.read({ lat: 0 }))?.values()).toEqual(Float64Array.of(100, 200));
  });

  it("refuse a variable that two have, unless the first's is wanted; bounds are the coordinate's", async () => {
    const bounded = (name: string): DatasetInit => ({
      variables: {
        lat: { array: floats([1, 2], "lat"), attributes: { bounds: "lat_bnds" } },
        lat_bnds: new NdArray(Float64Array.of(0.5, 1.5, 1.5, 2.5), {
          dtype: "float64",
          shape: [2, 2],
          dims: ["lat", "bnds"],
        }),
        [name]: floats([5, 6], "lat"),
      },
    });
    await using all = await merge({ a: bounded("x"), b: bounded("y") });
    expect(all.report.duplicates).toEqual([{ part: "b", variable: "/lat_bnds", shownFrom: "a" }]);
    await expect(merge({ a: bounded("x"), b: bounded("x") })).rejects.toMatchObject({ variable: "/x" });
    await using first = await merge({ a: bounded("x"), b: bounded("x") }, { duplicates: "first" });
    expect(first.locate("x", { lat: 0 }).part).toBe("a");
  });

  it("are laid on each other by names where a coordinate is text", async () => {
    const of = (variable: string, names: readonly string[]): DatasetInit => ({
      variables: {
        station: new NdArray([...names], { dtype: "string", shape: [names.length], dims: ["station"] }),
        [variable]: floats(
          names.map((name) => name.length),
          "station",
        ),
      },
    });
    const inits = { a: of("x", ["Bern", "Genf", "Sitten"]), b: of("y", ["Sitten", "Basel", "Bern"]) };
    await expect(merge(inits)).rejects.toThrow(/1 values of "station" have no partner .* "Genf"\. Leave/);
    await using all = await merge(inits, { join: "inner" });
    expect((await all.variables["station"]?.read())?.values()).toEqual(["Bern", "Sitten"]);
    expect((await all.variables["y"]?.read())?.values()).toEqual(Float64Array.of(4, 6));
  });

  it("may lie without a coordinate on equal lengths only", async () => {
    const bare = (name: string, values: readonly number[]): DatasetInit => ({
      variables: { [name]: floats(values, "event") },
    });
    await using all = await merge({ a: bare("x", [1, 2]), b: bare("y", [3, 4]) });
    expect((await all.variables["y"]?.read({ event: 1 }))?.at()).toBe(4);
    await expect(merge({ a: bare("x", [1, 2]), b: bare("y", [3]) })).rejects.toThrow(/2 long .* 1 in the other/);
  });

  it("can be federations themselves", async () => {
    const series = (name: string) => ({
      name,
      open: () =>
        federate({
          along: "time",
          parts: [
            [2, 3],
            [0, 1],
          ].map((times) => testPart(`${name}-${times}`, grid(name, times, [1, 2, 3]))),
        }),
    });
    await using all = await federate({ parts: [series("tas"), series("ts")] });
    expect((await all.variables["ts"]?.read({ lat: 1, time: { from: 1, to: 2 } }))?.values()).toEqual(
      Float64Array.of(101, 201),
    );
  });
});
