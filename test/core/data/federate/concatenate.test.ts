import { describe, expect, it } from "vitest";
import {
  type DatasetInit,
  type FederateOptions,
  federate,
  findVariable,
  NdArray,
  PartChangedError,
  type Selection,
  type TwinError,
} from "../../../../core/index.ts";
import { field, floats, temperatures, testPart } from "./fixtures.ts";

const along = "time";
const join = (inits: readonly DatasetInit[], options: Partial<FederateOptions> = {}) =>
  federate({ along, parts: inits.map((init, number) => testPart(`part-${number}`, init)), ...options });
const shown = (array: NdArray | undefined) =>
  array && { values: [...array.values()], dims: array.dims, shape: array.shape, unit: array.unit };
const refusal = async (work: Promise<unknown>): Promise<TwinError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Error);
  return error as TwinError;
};

describe("parts that follow each other", () => {
  it("are put in order of their coordinate, whatever the order given", async () => {
    await using all = await join([temperatures([4, 5]), temperatures([0, 1]), temperatures([2, 3])]);
    expect(all.variables["time"]?.shape[0]).toBe(6);
    expect((await all.variables["time"]?.read())?.values()).toEqual(Float64Array.of(0, 1, 2, 3, 4, 5));
    expect(await all.variables["tas"]?.read()).toEqual(field([0, 1, 2, 3, 4, 5], "K"));
    expect(all.coordinates).toEqual(["time", "lat"]);
    expect(all.locate("tas", { time: 3, lat: 2 })).toEqual({
      part: "part-2",
      location: "test:part-2",
      path: "/tas",
      index: { time: 1, lat: 2 },
    });
  });

  it("read as one array would, for every kind of selection, also where parts interleave or lie the other way round", async () => {
    const layouts = [
      [[0, 1, 2, 3, 4, 5, 6]],
      [
        [0, 2, 4, 6],
        [1, 3, 5],
      ],
      [
        [3, 2, 1, 0],
        [4, 5, 6],
      ],
      [[6, 0], [5], [1, 2, 3, 4]],
    ];
    const selections: Selection[] = [
      {},
      { time: 3 },
      { time: -1, lat: 1 },
      { time: { start: 1, stop: 6, step: 2 } },
      { time: { start: 0, step: 3 }, lat: { start: 1, stop: 3 } },
      { time: { start: 2, stop: 2 } },
      { time: { value: 4 } },
      { time: { value: 3.8, tolerance: 0.5 }, lat: { value: 20 } },
      { time: { from: 1.5, to: 4 }, lat: { from: 15, to: 30 } },
      { time: { from: "2000-01-02", to: "2000-01-03" } },
      { lat: { start: 0, step: 2 } },
    ];
    await using whole = await join([temperatures([0, 1, 2, 3, 4, 5, 6])]);
    for (const layout of layouts) {
      await using all = await join(layout.map((times) => temperatures(times)));
      for (const selection of selections) {
        const expected = shown(await whole.variables["tas"]?.read(selection));
        expect(shown(await all.variables["tas"]?.read(selection))).toEqual(expected);
      }
      const [many, expected] = await Promise.all(
        [all, whole].map((each) => each.variables["tas"]?.readMany(selections)),
      );
      expect(many?.map(shown)).toEqual(expected?.map(shown));
    }
  });

  it("falls where it falls in every part", async () => {
    await using all = await join([temperatures([1, 0]), temperatures([3, 2])]);
    expect((await all.variables["time"]?.read())?.values()).toEqual(Float64Array.of(3, 2, 1, 0));
    expect((await all.variables["tas"]?.read({ lat: 0 }))?.values()).toEqual(Float64Array.of(300, 200, 100, 0));
  });

  it("reads only the parts that are asked, and only what is asked of them", async () => {
    const parts = [0, 1, 2].map((number) => testPart(`p${number}`, temperatures([2 * number, 2 * number + 1])));
    await using all = await federate({ along, parts });
    expect(parts.map(({ reads }) => reads.map(({ variable }) => variable))).toEqual([["time"], ["time"], ["time"]]);
    await all.variables["tas"]?.read({ time: 3, lat: 1 });
    expect(parts[0]?.reads.slice(1).map(({ variable }) => variable)).toEqual(["lat"]); // what others are compared with
    expect(parts[1]?.reads.slice(1)).toEqual([
      { variable: "lat", selection: {} },
      { variable: "tas", selection: { time: { start: 1, stop: 2, step: 1 }, lat: { start: 1, stop: 2, step: 1 } } },
    ]);
    expect(parts[2]?.reads).toHaveLength(1);
  });

  it("iterates in chunks that put together are the whole", async () => {
    await using all = await join([temperatures([0, 1]), temperatures([2])]);
    const values: number[] = [];
    for await (const { array } of all.variables["tas"]?.chunks() ?? [])
      values.push(...(array.toFloat64() as Float64Array));
    expect(values).toEqual([...field([0, 1, 2], "K").values()]);
  });

  it("follow in the order given where there is no coordinate", async () => {
    const events = (values: readonly number[]): DatasetInit => ({
      variables: { energy: floats(values, "event", "MeV") },
    });
    await using all = await join([events([3, 1]), events([2])], { along: "event" });
    expect((await all.variables["energy"]?.read())?.values()).toEqual(Float64Array.of(3, 1, 2));
    const unnamed = (values: readonly number[]): DatasetInit => ({ variables: { energy: floats(values, "dim_0") } });
    await using renamed = await join([unnamed([3, 1]), unnamed([2])], { along: "event", rename: { dim_0: "event" } });
    expect((await renamed.variables["energy"]?.read())?.dims).toEqual(["event"]);
    const error = await refusal(join([unnamed([1])], { along: "event" }));
    expect(error.message).toMatch(/rename: \{ dim_0: "event" \}/);
  });

  it("tells gaps, and refuses overlaps unless told which to keep", async () => {
    await using gappy = await join([temperatures([0, 1, 2]), temperatures([5, 6])]);
    expect(gappy.report.gaps).toEqual([{ after: 2, before: 5, parts: ["part-0", "part-1"] }]);
    const other = temperatures([2, 3], { tas: field([2, 3], "K", () => -1) });
    const error = await refusal(join([temperatures([0, 1, 2]), other]));
    expect(error).toMatchObject({ code: "TWIN_PARTS_DISAGREE", parts: ["part-0", "part-1"] });
    expect(error.message).toContain("2000-01-03T00:00:00");
    await using first = await join([temperatures([0, 1, 2]), other], { overlaps: "first" });
    expect((await first.variables["tas"]?.read({ lat: 0 }))?.values()).toEqual(Float64Array.of(0, 100, 200, -1));
    expect(first.report.overlaps).toEqual([{ parts: ["part-0", "part-1"], from: 2, to: 2, count: 1, kept: "part-0" }]);
    await using last = await join([temperatures([0, 1, 2]), other], { overlaps: "last" });
    expect((await last.variables["tas"]?.read({ lat: 0 }))?.values()).toEqual(Float64Array.of(0, 100, -1, -1));
  });
});

describe("parts that differ", () => {
  it("have their units and times converted to those of the first, or to what is asked for", async () => {
    const celsius: DatasetInit = {
      variables: {
        ...temperatures([]).variables,
        time: floats([48, 72], "time", "hours since 2000-01-01"),
        tas: field([2, 3], "degC", (time, lat) => 100 * time + lat - 273.15),
      },
    };
    await using all = await join([temperatures([0, 1]), celsius]);
    expect(all.variables["tas"]?.unit).toBe("K");
    const values = (await findVariable(all, "tas").read()).toFloat64();
    const expected = field([0, 1, 2, 3], "K").values();
    for (const [i, value] of values.entries()) expect(value).toBeCloseTo(expected[i] as number, 9);
    expect((await all.variables["time"]?.read())?.values()).toEqual(Float64Array.of(0, 1, 2, 3));
    expect(all.report.converted).toEqual([
      { part: "part-1", variable: "/time", from: "hours since 2000-01-01", to: "days since 2000-01-01" },
      { part: "part-1", variable: "/tas", from: "degC", to: "K" },
    ]);
    await using asked = await join([temperatures([0, 1]), celsius], { units: { tas: "degC" } });
    expect((await asked.variables["tas"]?.read({ time: 0, lat: 0 }))?.at()).toBeCloseTo(-273.15, 9);
    expect(asked.variables["tas"]?.attributes["units"]).toBe("degC");
  });

  it("have rain as mass and as depth only where that is agreed", async () => {
    const rain = (time: number, unit: string, value: number): DatasetInit => ({
      variables: { time: floats([time], "time", "days since 2000-01-01"), pr: floats([value], "time", unit) },
    });
    const inits = [rain(0, "mm/day", 8.64), rain(1, "kg m-2 s-1", 1e-4)];
    expect(await refusal(join(inits))).toMatchObject({ code: "TWIN_PARTS_DISAGREE", variable: "/pr" });
    await using all = await join(inits, { context: "water" });
    const values = (await findVariable(all, "pr").read()).toFloat64();
    expect(values[1]).toBeCloseTo(8.64, 12);
  });

  it("convert the bounds of time, which state no unit, as they convert the times", async () => {
    const bounded = (unit: string, start: number, length: number): DatasetInit => ({
      variables: {
        time: { array: floats([start], "time", unit), attributes: { bounds: "time_bnds" } },
        time_bnds: new NdArray(Float64Array.of(start, start + length), {
          dtype: "float64",
          shape: [1, 2],
          dims: ["time", "bnds"],
        }),
      },
    });
    await using all = await join([bounded("days since 2000-01-01", 0, 1), bounded("hours since 2000-01-01", 24, 24)]);
    expect((await all.variables["time_bnds"]?.read())?.values()).toEqual(Float64Array.of(0, 1, 1, 2));
    expect(all.variables["time_bnds"]?.unit).toBeUndefined();
  });

  it("refuse other calendars, or take times of the same date and name dates that do not exist", async () => {
    const monthly = (calendar: string, times: readonly number[]): DatasetInit => ({
      variables: {
        time: { array: floats(times, "time", "days since 2000-01-01"), attributes: { calendar } },
        tas: floats(
          times.map(() => 1),
          "time",
          "K",
        ),
      },
    });
    const error = await refusal(join([monthly("standard", [0]), monthly("360_day", [30])]));
    expect(error.message).toMatch(/standard and 360_day.*calendars: "by-date"/);
    await using all = await join([monthly("standard", [0]), monthly("360_day", [30])], { calendars: "by-date" });
    // Day 30 of 360-day months is 1 February, day 31 of ours.
    expect((await all.variables["time"]?.read())?.values()).toEqual(Float64Array.of(0, 31));
    expect(all.report.converted[0]).toEqual({
      part: "part-1",
      variable: "/time",
      from: "days since 2000-01-01 (360_day)",
      to: "days since 2000-01-01 (standard)",
    });
    const missing = await refusal(join([monthly("standard", [0]), monthly("360_day", [59])], { calendars: "by-date" }));
    expect(missing).toMatchObject({ code: "TWIN_PARTS_DISAGREE", parts: ["part-1"] });
    expect(missing.message).toContain("2000-02-30");
  });

  it("refuse units that do not fit, and units that one does not state unless the part says which", async () => {
    const bad = {
      variables: {
        ...temperatures([]).variables,
        time: floats([1], "time", "days since 2000-01-01"),
        tas: field([1], "m"),
      },
    };
    expect(await refusal(join([temperatures([0]), bad]))).toMatchObject({
      code: "TWIN_PARTS_DISAGREE",
      variable: "/tas",
    });
    const silent = { variables: { ...bad.variables, tas: field([1], "K").withUnit(undefined) } };
    expect((await refusal(join([temperatures([0]), silent]))).message).toMatch(/"part-1" states no unit/);
    const parts = [testPart("a", temperatures([0])), { ...testPart("b", silent), units: { tas: "K" } }];
    await using all = await federate({ along, parts });
    expect((await all.variables["tas"]?.read({ lat: 0 }))?.values()).toEqual(Float64Array.of(0, 100));
  });

  it("get the smallest type that holds all values exactly, and no other", async () => {
    const counts = (time: number, array: NdArray): DatasetInit => ({
      variables: { time: floats([time], "time"), n: array.withDims(["time"]) },
    });
    const int8 = new NdArray(Int8Array.of(-5), { dtype: "int8", shape: [1], fillValue: -5 });
    const uint8 = new NdArray(Uint8Array.of(200), { dtype: "uint8", shape: [1] });
    const int64 = new NdArray(BigInt64Array.of(2n ** 60n), { dtype: "int64", shape: [1] });
    const float32 = new NdArray(Float32Array.of(0.5), { dtype: "float32", shape: [1] });
    await using integers = await join([counts(0, int8), counts(1, uint8)]);
    const read = await integers.variables["n"]?.read();
    expect(read).toMatchObject({ dtype: "int16", fillValue: -5, data: Int16Array.of(-5, 200) });
    await using mixed = await join([counts(0, int8), counts(1, float32)]);
    expect((await mixed.variables["n"]?.read())?.data).toEqual(Float32Array.of(Number.NaN, 0.5));
    expect((await refusal(join([counts(0, float32), counts(1, int64)]))).message).toMatch(/float32 .*int64/);
    // 200 stands for missing in the one, and is a value of the other.
    const filled = new NdArray(Uint8Array.of(200), { dtype: "uint8", shape: [1], fillValue: 200 });
    await using clash = await join([counts(0, filled), counts(1, uint8)]);
    expect(await refusal(clash.variables["n"]?.read() ?? Promise.resolve())).toMatchObject({
      code: "TWIN_PARTS_DISAGREE",
    });
  });

  it("refuse other dimensions and lengths, naming both", async () => {
    const wide = {
      variables: {
        ...temperatures([1]).variables,
        lat: floats([1, 2], "lat"),
        tas: new NdArray(new Float64Array(2), { dtype: "float64", shape: [1, 2], dims: ["time", "lat"], unit: "K" }),
      },
    };
    const error = await refusal(join([temperatures([0]), wide]));
    expect(error).toMatchObject({ code: "TWIN_PARTS_DISAGREE", parts: ["part-0", "part-1"] });
    const turned = { variables: { ...temperatures([1]).variables, tas: field([1], "K").transpose(["lat", "time"]) } };
    expect((await refusal(join([temperatures([0]), turned]))).message).toContain(
      "(time, lat) in the one and (lat, time)",
    );
  });

  it("refuse stored numbers that mean different values", async () => {
    const packed = (time: number, scale: number): DatasetInit => ({
      variables: {
        time: floats([time], "time"),
        tas: {
          array: new NdArray(Int16Array.of(7), { dtype: "int16", shape: [1], dims: ["time"] }),
          attributes: { scale_factor: scale },
        },
      },
    });
    await using same = await join([packed(0, 0.1), packed(1, 0.1)]);
    expect(same.variables["tas"]?.attributes["scale_factor"]).toBe(0.1);
    expect((await refusal(join([packed(0, 0.1), packed(1, 0.2)]))).message).toMatch(
      /scale_factor 0.1 .* 0.2 .*decode: true/,
    );
  });

  it("refuse to convert stored numbers that are not values yet", async () => {
    const packed = (time: number, unit: string): DatasetInit => ({
      variables: {
        time: floats([time], "time"),
        tas: { array: floats([1], "time", unit), attributes: { scale_factor: 0.1 } },
      },
    });
    expect((await refusal(join([packed(0, "K"), packed(1, "degC")]))).message).toMatch(/scale_factor .*decode: true/);
  });

  it("refuse other coordinates along the other dimensions when their values are read", async () => {
    const shifted = temperatures([1], { lat: floats([10, 20.5, 30], "lat", "degrees_north") });
    await using all = await join([temperatures([0]), shifted]);
    expect((await all.variables["tas"]?.read({ time: 0 }))?.size).toBe(3);
    const error = await refusal(all.variables["tas"]?.read() ?? Promise.resolve());
    expect(error).toMatchObject({ code: "TWIN_PARTS_DISAGREE", parts: ["part-0", "part-1"] });
    expect(error.message).toMatch(/"lat" is 20 at index 1 .* 20.5/);
    await using tolerant = await join([temperatures([0]), shifted], { tolerance: { lat: 0.5 } });
    expect((await tolerant.variables["tas"]?.read())?.size).toBe(6);
  });

  it("lack variables only where that is agreed, and those are missing there", async () => {
    const more = temperatures([1], {
      pr: field([1], "mm/day"),
      n: new NdArray(Int32Array.of(3), { dtype: "int32", shape: [1], dims: ["time"], fillValue: -1 }),
    });
    expect((await refusal(join([temperatures([0]), more]))).message).toContain('missing: "fill"');
    await using all = await join([temperatures([0]), more], { missing: "fill" });
    expect((await all.variables["pr"]?.read({ lat: 1 }))?.values()).toEqual(Float64Array.of(Number.NaN, 101));
    expect((await all.variables["n"]?.read())?.values()).toEqual(Int32Array.of(-1, 3));
    expect(all.report.missing).toEqual([
      { part: "part-0", variable: "/pr" },
      { part: "part-0", variable: "/n" },
    ]);
    const bare = temperatures([1], {
      flag: new NdArray(Int32Array.of(3), { dtype: "int32", shape: [1], dims: ["time"] }),
    });
    expect((await refusal(join([temperatures([0]), bare], { missing: "fill" }))).message).toMatch(/cannot be missing/);
  });

  it("go by other names: a map, or the CF standard name", async () => {
    const named = (name: string, lat: string): DatasetInit => ({
      variables: {
        time: floats([name === "tas" ? 0 : 1], "time"),
        [lat]: { array: floats([1, 2], lat), attributes: { standard_name: "latitude" } },
        [name]: {
          array: new NdArray(Float64Array.of(1, 2), {
            dtype: "float64",
            shape: [1, 2],
            dims: ["time", lat],
            unit: "K",
          }),
          attributes: { standard_name: "air_temperature" },
        },
      },
    });
    await using all = await join([named("tas", "lat"), named("temp", "latitude")], { match: "standard_name" });
    expect((await all.variables["tas"]?.read())?.shape).toEqual([2, 2]);
    expect(all.report.renamed).toEqual([
      { part: "part-1", from: "latitude", to: "lat" },
      { part: "part-1", from: "temp", to: "tas" },
    ]);
    const parts = [
      testPart("a", named("tas", "lat")),
      { ...testPart("b", named("temp", "latitude")), rename: { temp: "tas", latitude: "lat" } },
    ];
    await using mapped = await federate({ along, parts });
    expect(new Set(Object.keys(mapped.variables))).toEqual(new Set(["lat", "tas", "time"]));
  });

  it("keep their own attributes; the whole has those in which all agree", async () => {
    const titled = (time: number, history: string): DatasetInit => ({
      ...temperatures([time]),
      attributes: { title: "Temperatures", history },
    });
    await using all = await join([titled(0, "first"), titled(1, "second")]);
    expect(all.attributes).toEqual({ title: "Temperatures" });
    expect(all.parts.map(({ facts }) => facts?.attributes["history"])).toEqual(["first", "second"]);
    expect(all.parts[1]?.facts?.extent).toEqual({ from: 1, to: 1, count: 1 });
  });
});

describe("many parts", () => {
  it("are opened at most so many at a time, closed, and opened again when needed", async () => {
    const traffic = { open: 0, mostOpen: 0 };
    const parts = Array.from({ length: 40 }, (_, time) => testPart(`p${time}`, temperatures([time]), traffic));
    const all = await federate({ along, parts, maxOpen: 5, concurrency: 4 });
    expect(traffic.open).toBeLessThanOrEqual(5);
    const series = await all.variables["tas"]?.read({ lat: 0 });
    expect(series?.values()).toEqual(Float64Array.from({ length: 40 }, (_, time) => 100 * time));
    // One more may be on its way out.
    expect(traffic.mostOpen).toBeLessThanOrEqual(5);
    await all.close();
    expect(traffic.open).toBe(0);
    await expect(all.variables["tas"]?.read()).rejects.toMatchObject({ code: "TWIN_FILE_CLOSED" });
    await expect(all.variables["time"]?.read()).rejects.toMatchObject({ code: "TWIN_FILE_CLOSED" });
  });

  it("are refused when one changed while it was closed", async () => {
    const parts = [0, 1, 2].map((time) => testPart(`p${time}`, temperatures([time])));
    await using all = await federate({ along, parts, maxOpen: 1 });
    (parts[0] as (typeof parts)[0]).version = "2";
    await expect(all.variables["tas"]?.read({ time: 0 })).rejects.toThrow(PartChangedError);
    expect(await all.variables["tas"]?.read({ time: 1, lat: 0 }).catch((error: unknown) => error)).toBeInstanceOf(
      PartChangedError,
    ); // the latitudes of the first
  });

  it("stops when asked to", async () => {
    const controller = new AbortController();
    const parts = [0, 1, 2].map((time) => testPart(`p${time}`, temperatures([time])));
    controller.abort(new Error("enough"));
    await expect(federate({ along, parts, signal: controller.signal })).rejects.toThrow("enough");
    await using all = await federate({ along, parts });
    await expect(all.variables["tas"]?.read({}, { signal: controller.signal })).rejects.toThrow("enough");
    expect((await all.variables["tas"]?.read({ time: 0, lat: 0 }))?.at()).toBe(0);
  });

  it("nest", async () => {
    const inner = (name: string, times: readonly number[]) => ({
      name,
      open: () => federate({ along, parts: times.map((time) => testPart(`${name}-${time}`, temperatures([time]))) }),
    });
    await using all = await federate({ along, parts: [inner("late", [2, 3]), inner("early", [0, 1])] });
    expect((await all.variables["tas"]?.read({ lat: 0 }))?.values()).toEqual(Float64Array.of(0, 100, 200, 300));
  });
});

describe("what goes with a coordinate", () => {
  const bounded = (times: readonly number[], unit: string, calendar = "standard"): DatasetInit => ({
    variables: {
      time: { array: floats(times, "time", unit), attributes: { bounds: "time_bnds", calendar } },
      time_bnds: new NdArray(Float64Array.from(times.flatMap((time) => [time, time + 1])), {
        dtype: "float64",
        shape: [times.length, 2],
        dims: ["time", "bnds"],
      }),
    },
  });
  const parts = (...inits: readonly DatasetInit[]) => inits.map((init, number) => testPart(`part${number}`, init));

  it("has its unit: bounds follow what `units` asks of the coordinate", async () => {
    await using all = await federate({
      along: "time",
      parts: parts(bounded([0, 1], "days since 2000-01-01"), bounded([48], "hours since 2000-01-01")),
      units: { time: "hours since 2000-01-01" },
    });
    expect((await all.variables["time"]?.read())?.values()).toEqual(Float64Array.of(0, 24, 48));
    expect((await all.variables["time_bnds"]?.read())?.values()).toEqual(Float64Array.of(0, 24, 24, 48, 48, 49));
  });

  it("has its calendar: bounds with a unit of their own have none", async () => {
    const withUnit = (times: readonly number[], unit: string): DatasetInit => {
      const { variables } = bounded(times, unit, "noleap");
      const bounds = (variables as Record<string, NdArray>)["time_bnds"]?.withUnit(unit) as NdArray;
      return { variables: { ...variables, time_bnds: bounds } };
    };
    // 2000-03-01 is the day 59 of a year without 29 February.
    await using all = await federate({
      along: "time",
      parts: parts(withUnit([59], "days since 2000-01-01"), withUnit([1], "days since 2000-03-01")),
    });
    expect((await all.variables["time"]?.read())?.values()).toEqual(Float64Array.of(59, 60));
    expect((await all.variables["time_bnds"]?.read())?.values()).toEqual(Float64Array.of(59, 60, 60, 61));
  });
});

describe("coordinates that are text", () => {
  const stations = (times: readonly number[], names: readonly string[]): DatasetInit => ({
    variables: {
      time: floats(times, "time", "days since 2000-01-01"),
      station: new NdArray([...names], { dtype: "string", shape: [names.length], dims: ["station"] }),
      tas: new NdArray(
        Float64Array.from({ length: times.length * names.length }, (_, i) => i),
        {
          dtype: "float64",
          shape: [times.length, names.length],
          dims: ["time", "station"],
        },
      ),
    },
  });

  it("must be the same in all parts", async () => {
    await using all = await federate({
      along: "time",
      parts: [testPart("a", stations([0, 1], ["Bern", "Genf"])), testPart("b", stations([2], ["Genf", "Bern"]))],
    });
    expect((await all.variables["tas"]?.read({ time: 1 }))?.values()).toEqual(Float64Array.of(2, 3));
    await expect(all.variables["tas"]?.read()).rejects.toThrow(/"station" is Bern at index 0 in the one and Genf/);
  });
});

describe("values of very different sizes", () => {
  it("are all kept: only values of different parts can be the same but for rounding", async () => {
    const energies = (values: readonly number[]): DatasetInit => ({
      variables: { energy: floats(values, "energy", "MeV"), yield: floats(values, "energy") },
    });
    const [low, high] = [
      [1e-9, 2e-9, 1e-8, 1e-7],
      [1, 1e3, 2e3, 3e3, 4e3],
    ];
    await using all = await federate({
      along: "energy",
      parts: [testPart("low", energies(low)), testPart("high", energies(high))],
    });
    expect([...((await all.variables["yield"]?.read())?.values() ?? [])]).toEqual([...low, ...high]);
  });
});

describe("locate", () => {
  it("tells where coordinates lie, too, and refuses what is outside", async () => {
    await using all = await federate({
      along: "time",
      parts: [testPart("b", temperatures([2, 3])), testPart("a", temperatures([0, 1]))],
    });
    expect(all.locate("time", { time: 2 })).toMatchObject({ part: "b", index: { time: 0 } });
    expect(all.locate("tas", { time: -1, lat: 1 })).toMatchObject({ part: "b", index: { time: 1, lat: 1 } });
    for (const time of [4, -5, 0.5]) {
      expect(() => all.locate("tas", { time })).toThrow(expect.objectContaining({ code: "TWIN_INVALID_SELECTION" }));
    }
  });
});
