import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseSweep, parseSweepTable, readSweepTable } from "../../../core/index.ts";
import { scratch } from "./sample-batch.ts";

function valuesOf(text: string): readonly unknown[] {
  return parseSweep([`x=${text}`]).points.map((point) => point["x"]);
}

describe("Sweeps as they are typed", () => {
  it.each([
    ["1000,2000,5000", [1000, 2000, 5000]],
    ["0..3", [0, 1, 2, 3]],
    ["0..100..40", [0, 40, 80]],
    ["3..1", [3, 2, 1]],
    ["0..1..0.25", [0, 0.25, 0.5, 0.75, 1]],
    ["1e2..3e2..1e2", [100, 200, 300]],
    ["7..7", [7]],
    ["0..2,10, 20..21", [0, 1, 2, 10, 20, 21]],
    ["a, b,true,null", ["a", "b", true, null]],
    ['"a,b",[1,[2]],{"c":",}"}', ["a,b", [1, [2]], { c: ",}" }]],
    ["9007199254740991..9007199254740993", [9007199254740991, "9007199254740992", "9007199254740993"]],
    ["18446744073709551615,1", ["18446744073709551615", 1]],
  ])("%s", (text, values) => {
    expect(valuesOf(text)).toEqual(values);
  });

  it("have parameters of a single value apart: a list in brackets, a text, a path", () => {
    const { parameters, swept, points } = parseSweep([
      "x=[1,2]",
      "name=a b ",
      "file=../data",
      "big=[9007199254740993]",
    ]);
    expect(parameters).toEqual({ x: [1, 2], name: "a b ", file: "../data", big: ["9007199254740993"] });
    expect([swept, points]).toEqual([[], [{}]]);
  });

  it("vary the first parameter slowest, or all together", () => {
    const given = ["a=1,2", "c=0", "b=3..4"];
    expect(parseSweep(given).points).toEqual([
      { a: 1, b: 3 },
      { a: 1, b: 4 },
      { a: 2, b: 3 },
      { a: 2, b: 4 },
    ]);
    expect(parseSweep(given, { mode: "zip" })).toEqual({
      parameters: { c: 0 },
      swept: ["a", "b"],
      points: [
        { a: 1, b: 3 },
        { a: 2, b: 4 },
      ],
    });
  });

  it.each([
    ["a name twice", ["x=1", "x=2"], /given twice.*x=1,2/],
    ["no name", ["=1"], /must be name=value/],
    ["an empty item", ["x=1,,2"], /item without a value/],
    ["a value twice", ["x=1,1.0"], /the value 1 twice/],
    ["a step of zero", ["x=0..1..0"], /never comes to its end/],
    ["a step away from the end", ["x=0..9..-1"], /never comes to its end/],
    ["a range without bounds", ["x=0..1e99"], /more than 1,000,000 points/],
    ["too fine a range", ["x=0..1..1e-7"], /more than 1,000,000 points/],
    ["too many points in all", ["x=0..999", "y=0..1000"], /x \(1000 values\) × y \(1001 values\) makes more/],
    ["more than a number can hold", ["x=1e400"], /more than a number can hold/],
  ])("are refused with %s", (_, given, message) => {
    expect(() => parseSweep(given)).toThrow(expect.objectContaining({ code: "TWIN_INVALID_SWEEP" }));
    expect(() => parseSweep(given)).toThrow(message);
  });

  it("are refused zipped with different numbers of values", () => {
    expect(() => parseSweep(["a=1,2", "b=1..3"], { mode: "zip" })).toThrow(/"a" has 2, "b" 3/);
  });

  it("have as many points as values multiplied, each combination once", () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(lengths, (counts) => {
        const given = counts.map((count, at) => `p${at}=1..${count}`);
        const { swept, points } = parseSweep(given);
        expect(points).toHaveLength(counts.reduce((a, b) => a * b, 1));
        expect(new Set(points.map((point) => JSON.stringify(point))).size).toBe(points.length);
        expect(swept).toEqual(counts.map((_, at) => `p${at}`));
        const index = (point: (typeof points)[number]): number =>
          counts.reduce((sum, count, at) => sum * count + (point[`p${at}`] as number) - 1, 0);
        expect(points.map(index)).toEqual(points.map((_, at) => at));
      }),
    );
  });

  it("have in a range what decimal arithmetic says, at each step", () => {
    const decimals = fc.record({
      start: fc.integer({ min: -1000, max: 1000 }),
      step: fc.integer({ min: 1, max: 500 }),
      count: fc.integer({ min: 1, max: 50 }),
      digits: fc.integer({ min: 0, max: 6 }),
    });
    const text = (value: number, digits: number): string => {
      const padded = String(Math.abs(value)).padStart(digits + 1, "0");
      const whole = padded.slice(0, padded.length - digits);
      return `${value < 0 ? "-" : ""}${whole}${digits > 0 ? `.${padded.slice(-digits)}` : ""}`;
    };
    fc.assert(
      fc.property(decimals, ({ start, step, count, digits }) => {
        const texts = Array.from({ length: count }, (_, at) => text(start + at * step, digits));
        const found = valuesOf(`${texts[0]}..${texts.at(-1)}..${text(step, digits)}`);
        // The nearest number to each decimal, as if it had been typed.
        expect(found).toEqual(texts.map((each) => Number(each) + 0));
      }),
    );
  });

  it("give back any JSON that is typed as a list", () => {
    const json = fc.jsonValue().filter((value) => JSON.stringify(value).search(/\d{16}|e[+-]?\d{3}/) < 0);
    fc.assert(
      fc.property(
        fc.uniqueArray(json, { minLength: 2, maxLength: 5, selector: (each) => JSON.stringify(each) }),
        (values) => {
          const typed = values.map((value) => JSON.stringify(value));
          expect(valuesOf(typed.join(","))).toEqual(typed.map((each) => JSON.parse(each) as unknown));
        },
      ),
    );
  });
});

describe("Tables of points", () => {
  const points = [
    { energyMeV: 1000, seed: "18446744073709551615", name: 'a, "b"' },
    { energyMeV: 2000, seed: 2, name: "c" },
  ];

  it.each([
    ["csv", '\uFEFFenergyMeV, seed,name\r\n1000,18446744073709551615,"a, ""b"""\r\n\r\n2000,2,c\r\n'],
    [
      "json",
      '[{"energyMeV":1000,"seed":18446744073709551615,"name":"a, \\"b\\""},{"energyMeV":2e3,"seed":2,"name":"c"}]',
    ],
    [
      "jsonl",
      '{"energyMeV":1000,"seed":18446744073709551615,"name":"a, \\"b\\""}\n\n{"seed":2,"energyMeV":2000,"name":"c"}',
    ],
  ] as const)("are read from %s, a row being a point", async (format, text) => {
    await using place = await scratch();
    const path = join(place.path, `points.${format}`);
    await writeFile(path, text);
    const table = await readSweepTable(path);
    expect(table).toEqual({ swept: ["energyMeV", "seed", "name"], points });
    expect(parseSweep(["label=x"], { rows: table })).toEqual({ ...table, parameters: { label: "x" } });
    expect(() => parseSweep(["label=x,y"], { rows: table })).toThrow(/Put them into the table/);
    expect(() => parseSweep(["seed=1"], { rows: table })).toThrow(/in the table, and is given beside it/);
  });

  it.each([
    ["csv", "", /no rows/],
    ["csv", "a,b\n", /no rows/],
    ["csv", "a,a\n1,2\n", /two columns named "a"/],
    ["csv", "a,\n1,2\n", /column without a name/],
    ["csv", "a,b\n1,2,3\n", /Row 1 .* has 3 cells, and there are 2 names/],
    ["csv", "a,b\n1,2\n1,\n", /Row 2 .* no value of "b"/],
    ["csv", 'a,b\n1,x"y\n', /Line 2 .* cannot be read/],
    ["json", "{}", /must be a list/],
    ["json", "[1]", /Row 1 .* is no object/],
    ["json", "[{", /is no JSON/],
    ["jsonl", '{"a":1}\n{"b":1}', /Row 2 .* no value of "a"/],
    ["jsonl", '{"a":1}\n{"a":1,"b":1}', /Row 2 .* a value of "b"/],
  ] as const)("are refused where %s is %j", (format, text, message) => {
    expect(() => parseSweepTable(text, format, "points")).toThrow(message);
  });

  it("are refused where the file is not there, or of another kind", async () => {
    await expect(readSweepTable("/no/points.csv")).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
    await expect(readSweepTable("points.xlsx")).rejects.toMatchObject({ code: "TWIN_INVALID_SWEEP" });
  });
});
