import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  checkQuality,
  dataset,
  federate,
  InvalidRulesError,
  loadQualityRules,
  NdArray,
  parseQualityRules,
  type QualityRules,
} from "../../../../core/index.ts";
import { field, floats, temperatures, testPart } from "../federate/fixtures.ts";

const sample = dataset({
  attributes: { title: "Sample", version: 2 },
  variables: {
    time: floats([0, 1, 1, 3], "time", "days since 2000-01-01"),
    lat: floats([3, 2, 1], "lat"),
    tas: {
      array: new NdArray(
        Float64Array.of(250, 251, Number.NaN, 260, 500, 261, 262, 100, 501, 1e9, Number.POSITIVE_INFINITY, 270),
        {
          dtype: "float64",
          shape: [4, 3],
          dims: ["time", "lat"],
          unit: "K",
        },
      ),
      attributes: { standard_name: "air_temperature" },
    },
    n: new NdArray(Int16Array.of(1, -9, -9, 4), { dtype: "int16", shape: [4], dims: ["time"], fillValue: -9 }),
    names: new NdArray(["a", "b"], { dtype: "string", shape: [2], dims: ["name"] }),
  },
});
const check = (rules: QualityRules) => checkQuality(sample, rules);

describe("checkQuality", () => {
  it("passes what is as it must be, and says what it looked at", async () => {
    const report = await check({
      attributes: { title: "Sample", version: 2 },
      variables: {
        tas: { unit: "kelvin", min: 100, max: 2e9, missing: 0.1, dims: ["time", "lat"], attributes: ["standard_name"] },
        lat: { monotonic: "decreasing" },
        pr: { optional: true, min: 0 },
      },
    }).catch((error: unknown) => error);
    expect(report).toMatchObject({ violations: [{ rule: "max", count: 1 }] }); // infinity is above any limit
    const passed = await check({ variables: { tas: { min: 100, missing: 0.1 }, lat: { monotonic: "either" } } });
    expect(passed).toEqual({
      passed: true,
      violations: [],
      checked: [
        { variable: "/tas", values: 12, missing: 1 },
        { variable: "/lat", values: 3, missing: 0 },
      ],
    });
  });

  it("names variable, index, value, count and the first few", async () => {
    const { violations, passed } = await check({ variables: { tas: { max: 400, min: 200, finite: true } } });
    expect(passed).toBe(false);
    expect(violations).toEqual([
      {
        variable: "/tas",
        rule: "min",
        message: '"/tas" is 100 K, below 200, at time 2, lat 1.',
        count: 1,
        first: [{ index: { time: 2, lat: 1 }, value: 100, source: "" }],
      },
      expect.objectContaining({
        rule: "max",
        message: '"/tas" is 500 K, above 400, at time 1, lat 1; 4 values in all.',
        count: 4,
        first: [
          { index: { time: 1, lat: 1 }, value: 500, source: "" },
          { index: { time: 2, lat: 2 }, value: 501, source: "" },
          { index: { time: 3, lat: 0 }, value: 1e9, source: "" },
          { index: { time: 3, lat: 1 }, value: null, source: "" },
        ],
      }),
      expect.objectContaining({ rule: "finite", count: 1 }),
    ]);
  });

  it("takes limits in the unit of the rule, and tells that the unit is another", async () => {
    const { violations } = await check({ variables: { tas: { unit: "degC", min: -100 } } });
    expect(violations.map(({ message }) => message)).toEqual([
      '"/tas" is in K, not degC.',
      expect.stringMatching(/^"\/tas" is -173\.1\d* degC, below -100, at time 2, lat 1\.$/),
    ]);
    const [wrong] = (await check({ variables: { tas: { unit: "m" } } })).violations;
    expect(wrong?.message).toMatch(/is in K, not m: Cannot convert/);
  });

  it("counts what is missing, NaN and fill values", async () => {
    const { violations } = await check({ variables: { n: { missing: 0.25 }, tas: { missing: 0 } } });
    expect(violations).toEqual([
      expect.objectContaining({
        variable: "/n",
        rule: "missing",
        count: 2,
        first: [{ index: { time: 1 }, value: null, source: "" }, expect.anything()],
      }),
      expect.objectContaining({ variable: "/tas", count: 1 }),
    ]);
    expect(violations[0]?.message).toContain("2 of 4 values (50 %)");
  });

  it("refuses coordinates that do not go on", async () => {
    const { violations } = await check({ variables: { time: { monotonic: "increasing" } } });
    expect(violations[0]).toMatchObject({ rule: "monotonic", count: 1, first: [{ index: { time: 2 }, value: 1 }] });
  });

  it("asks for variables, attributes, dimensions and numbers", async () => {
    const { violations } = await check({
      attributes: ["titl"],
      variables: {
        tos: {},
        tas: { dims: ["lat", "time"], attributes: { standard_name: "sea_surface_temperature" } },
        names: { min: 0 },
      },
    });
    expect(violations.map(({ rule, message }) => [rule, message])).toEqual([
      ["attributes", '"/" has no attribute "titl". Did you mean "title"? There are: title, version.'],
      ["required", expect.stringMatching(/^There is no variable "tos"\. .*tas/)],
      ["attributes", expect.stringContaining('"air_temperature", not "sea_surface_temperature"')],
      ["dims", '"/tas" has dimensions (time, lat), not (lat, time).'],
      ["dtype", expect.stringContaining("is text")],
    ]);
  });

  it("names the part of a federation, and the index in it", async () => {
    const bad = temperatures([2, 3], { tas: field([2, 3], "K", (time, lat) => (time === 3 && lat === 1 ? 5000 : 0)) });
    await using all = await federate({
      along: "time",
      parts: [testPart("good", temperatures([0, 1])), testPart("bad", bad)],
    });
    const { violations } = await checkQuality(all, { variables: { tas: { max: 1000 } } });
    expect(violations).toEqual([
      expect.objectContaining({
        message: '"/tas" is 5000 K, above 1000, at time 3, lat 1 in "bad".',
        first: [{ index: { time: 3, lat: 1 }, value: 5000, source: "bad", sourceIndex: { time: 1, lat: 1 } }],
      }),
    ]);
  });

  it("looks at large data in blocks", async () => {
    const length = 5_000_000;
    const values = new NdArray(new Float64Array(length), { dtype: "float64", shape: [length], dims: ["event"] });
    (values.data as Float64Array)[4_999_999] = -1;
    const fractions: number[] = [];
    const { violations } = await checkQuality(
      dataset({ variables: { values } }),
      { variables: { values: { min: 0 } } },
      { onProgress: (fraction) => fractions.push(fraction) },
    );
    expect(violations[0]?.first).toEqual([{ index: { event: 4_999_999 }, value: -1, source: "" }]);
    expect(fractions.length).toBeGreaterThan(2);
  });
});

describe("rules", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-rules-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("are refused with the nearest name", () => {
    expect(() => parseQualityRules({ variables: { tas: { minimum: 3 } } })).toThrow(
      /variables\.tas\.minimum: Unknown\. .*min/s,
    );
    expect(() => parseQualityRules({ variables: { tas: { min: 3, max: 2 } } })).toThrow(/larger than/);
    expect(() => parseQualityRules({})).toThrow(InvalidRulesError);
  });

  it("come from YAML, and errors say where", async () => {
    const path = join(folder, "rules.yaml");
    await writeFile(path, "attributes: [title]\nvariables:\n  tas:\n    unit: K\n    max: 340\n");
    expect(await loadQualityRules(path)).toEqual({
      attributes: ["title"],
      variables: { tas: { unit: "K", max: 340 } },
    });
    await writeFile(path, "variables:\n  tas:\n    unit: K\n    mx: 340\n");
    await expect(loadQualityRules(path)).rejects.toThrow(/rules\.yaml:4:9 variables\.tas\.mx/);
    await writeFile(path, "variables: [\n");
    await expect(loadQualityRules(path)).rejects.toMatchObject({ code: "TWIN_INVALID_RULES" });
    await expect(loadQualityRules(join(folder, "none.yaml"))).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
  });
});
