import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { NdArray, OpenDataset } from "../../../core/index.ts";
import { FIXTURES, newCsv, SAMPLES, useFolder } from "./shared.ts";

const path = useFolder();

/** A file of some text, opened. */
async function table(text: string | Uint8Array, settings: Parameters<typeof newCsv>[0] = {}): Promise<OpenDataset> {
  const location = path("table.csv");
  await writeFile(location, text);
  return await newCsv(settings).open(location);
}

async function column(file: OpenDataset, name: string): Promise<NdArray> {
  return (await file.variables[name]?.read()) as NdArray;
}

/** What pandas reads from kinds.csv: numbers as text, `null` where there is none. */
const expected: Readonly<Record<string, readonly (string | boolean | null)[]>> = JSON.parse(
  await readFile(join(FIXTURES, "expected.json"), "utf8"),
);

describe.each(["kinds.csv", "kinds.tsv", "kinds-crlf.csv", "kinds-quoted.csv"])("%s by pandas", (name) => {
  it("is read as pandas reads it", async () => {
    await using file = await newCsv().open(join(FIXTURES, name));
    expect(Object.keys(file.variables)).toEqual(Object.keys(expected));
    for (const [key, values] of Object.entries(expected)) {
      const array = await column(file, key);
      const found = Array.from({ length: array.size }, (_, i) => {
        const value = array.at(i);
        if (value === array.fillValue || Number.isNaN(value)) return null;
        return typeof value === "boolean" || typeof value === "string" ? value : Number(value);
      });
      const wanted = values.map((value) =>
        typeof value !== "string" || key === "time" ? value : Number(value.replace("inf", "Infinity")),
      );
      expect(found, key).toEqual(wanted);
    }
    expect(Object.values(file.variables).map(({ dtype }) => dtype)).toEqual([
      ...["float64", "float64", "int32", "int64", "uint64", "int32", "bool", "string"],
    ]);
    expect((await column(file, "ulong")).at(0)).toBe(2n ** 64n - 1n);
    expect((await column(file, "gaps")).fillValue).toBe(-(2 ** 31));
  });
});

it("takes a dot for no decimal point where that is a comma", async () => {
  await using file = await table("price;n\n1.234;1,5\n2.000,5;2\n", { delimiter: ";", decimal: "," });
  expect((await column(file, "price")).values()).toEqual(["1.234", "2.000,5"]);
  expect((await column(file, "n")).values()).toEqual(Float64Array.of(1.5, 2));
});

it("refuses lines that end in a carriage return alone, and not one after the last line", async () => {
  await expect(table("a,b\r1,2\r3,4\r")).rejects.toMatchObject({
    code: "TWIN_FILE_UNREADABLE",
    message: expect.stringContaining("line 1: a carriage return"),
  });
  await using file = await table("a\r\nx\r");
  expect((await column(file, "a")).values()).toEqual(["x"]);
});

it("reads a spreadsheet's table: semicolons, decimal commas, comments, a title", async () => {
  const csv = newCsv({
    delimiter: ";",
    decimal: ",",
    comment: "#",
    skipLines: 1,
    units: "parentheses",
    missing: ["n. v."],
    columns: { Höhe: { type: "float32", unit: "cm" } },
  });
  await using file = await csv.open(join(FIXTURES, "spreadsheet.csv"));
  expect((await column(file, "Ort")).values()).toEqual(["Köln; Dom", "Bonn"]);
  expect((await column(file, "Druck")).values()).toEqual(Float64Array.of(1013.25, Number.NaN));
  expect((await column(file, "Höhe")).values()).toEqual(Float32Array.of(12, -3));
  expect([file.variables["Druck"]?.unit, file.variables["Höhe"]?.unit]).toEqual(["hPa", "cm"]);
});

describe("types", () => {
  it.each([
    ["1\n-2", "int32"],
    ["1\n\n2147483648", "int64"],
    ["1\n9223372036854775808", "uint64"],
    ["-1\n9223372036854775808", "string"],
    ["1\n18446744073709551616", "string"],
    ["1\n2.5", "float64"],
    ["-0\n1", "float64"],
    ["1e5\n.5\n-inf\nNaN", "float64"],
    ["NA\nNA", "float64"],
    ["true\nFALSE", "bool"],
    ["true\nNA", "string"],
    ["true\n1", "string"],
    ["1\ntrue", "string"],
    ["2000-01-01", "string"],
    ["0x10", "string"],
    ["1_000", "string"],
  ])("finds out that of %j", async (text, dtype) => {
    await using file = await table(`x\n${text}\n`);
    expect(file.variables["x"]?.dtype).toBe(dtype);
  });

  it("keeps what stands for missing apart from values", async () => {
    await using file = await table("x,y\n-2147483648,1\nNA,NA\n");
    expect(file.variables["x"]).toMatchObject({ dtype: "int64", fillValue: -(2n ** 63n) });
    expect((await column(file, "x")).values()).toEqual(BigInt64Array.of(-2147483648n, -(2n ** 63n)));
    expect(file.variables["y"]).toMatchObject({ dtype: "int32", fillValue: -2147483648 });
  });

  it("takes those that are asked for, times as seconds", async () => {
    const columns = { n: { type: "uint8" }, t: { type: "time" }, s: { type: "string" } } as const;
    await using file = await table(
      "n,t,s\n1,2000-01-01,007\n2,1969-12-31T23:59:59.5Z,NA\n3,2000-02-29 12:00+01:00,\n",
      {
        columns,
      },
    );
    expect((await column(file, "n")).values()).toEqual(Uint8Array.of(1, 2, 3));
    expect((await column(file, "t")).values()).toEqual(Float64Array.of(946684800, -0.5, 951822000));
    expect(file.variables["t"]).toMatchObject({ unit: "seconds since 1970-01-01" });
    expect((await column(file, "s")).values()).toEqual(["007", "NA", ""]);
  });

  it("does without a header, a name or a unit", async () => {
    await using bare = await table("1,a\n2,b\n", { header: false });
    expect(Object.keys(bare.variables)).toEqual(["column_1", "column_2"]);
    await using file = await table(",E [GeV],v [m/s],p/q,t (s),jet [x] []\n1,2,3,4,5,6\n");
    expect(Object.values(file.variables).map(({ name, unit }) => [name, unit])).toEqual([
      ["column_1", undefined],
      ["E", "GeV"],
      ["v", "m/s"],
      ["p_q", undefined],
      ["t (s)", undefined],
      ["jet [x]", undefined],
    ]);
    expect(file.variables["p_q"]?.attributes).toEqual({ long_name: "p/q" });
  });

  it("reads a header without records", async () => {
    await using file = await table("x,y\n");
    expect(file.dims).toMatchObject({ row: { length: 0 } });
    expect((await column(file, "x")).size).toBe(0);
  });
});

describe("what is wrong is said with its line", () => {
  it.each<[string, string | Uint8Array, Parameters<typeof newCsv>[0], string]>([
    ["too few fields", "a,b\n1,2\n3\n", {}, "line 3: it has 1 fields, and there are 2 columns"],
    ["too many fields", "a,b\n1,2,3\n", {}, "line 2: it has 3 fields"],
    ["an open quote", 'a\n"1\n2\n', {}, "a quoted field does not end"],
    ["a quote inside", 'a\nx"y"\n', {}, "line 2: a quote stands inside"],
    ["text behind a quote", 'a\n"x"y\n', {}, "line 2: something follows the closing quote"],
    ["a NUL", "a\n1\n\0\n", {}, "line 3: it holds a NUL"],
    ["Latin-1", Uint8Array.of(97, 10, 0xe9, 10), {}, "not UTF-8"],
    ["two columns of one name", "a,b,a\n1,2,3\n", {}, 'line 1: two columns are named "a"'],
    ["a long record", `a\n${"x".repeat(200)}\n`, { maxRecordBytes: 100 }, "longer than `maxRecordBytes`"],
    ["a wrong type", "a\n1\n2.5\n", { columns: { a: { type: "int32" } } }, 'line 3: column "a": "2.5" is no int32'],
    ["a wrong number", "a\n1\n300\n", { columns: { a: { type: "uint8" } } }, 'line 3: column "a": "300" is no uint8'],
    ["a wrong date", "a\n2001-02-29\n", { columns: { a: { type: "time" } } }, 'line 2: column "a"'],
    ["an unknown column", "a\n1\n", { columns: { b: {} } }, 'names "b", which is not there: a'],
    ["nothing", "\n\n", {}, "no header"],
  ])("%s", async (_, text, settings, message) => {
    await expect(table(text, settings)).rejects.toMatchObject({
      code: "TWIN_FILE_UNREADABLE",
      message: expect.stringContaining(message),
    });
  });
});

describe("large tables", () => {
  it("parses only the blocks that hold the rows asked for", async () => {
    const rows = 200_000;
    const lines = Array.from({ length: rows }, (_, i) => `${i},${i / 8},"text, ${i}"`);
    const location = path("large.csv");
    await writeFile(location, `i,x,s\n${lines.join("\n")}\n`);
    for (const cacheBytes of [0, 64e6]) {
      await using file = await newCsv({ cacheBytes }).open(location);
      const part = (await file.variables["s"]?.read({ row: { start: 123_456, stop: 123_459 } })) as NdArray;
      expect(part.values()).toEqual(["text, 123456", "text, 123457", "text, 123458"]);
      const strided = (await file.variables["i"]?.read({ row: { start: 5, step: 50_000 } })) as NdArray;
      expect(strided.values()).toEqual(Int32Array.of(5, 50_005, 100_005, 150_005));
      expect((await file.variables["x"]?.read({ row: -1 }))?.at()).toBe((rows - 1) / 8);
      let next = 0;
      let blocks = 0;
      for await (const { selection, array } of file.variables["i"]?.chunks() ?? []) {
        expect(selection["row"]?.start).toBe(next);
        expect(array.at(0)).toBe(next);
        next = selection["row"]?.stop ?? 0;
        blocks++;
      }
      expect(next).toBe(rows);
      expect(blocks).toBeGreaterThan(5);
    }
  });

  it("says so when the file changed since it was opened", async () => {
    const location = path("changing.csv");
    await writeFile(location, "x\n1\n2\n3\n");
    await using file = await newCsv().open(location);
    await writeFile(location, "x\n1\na\n3\n");
    await expect(file.variables["x"]?.read()).rejects.toMatchObject({ code: "TWIN_READ_FAILED" });
  });
});

describe.skipIf(!existsSync(SAMPLES))("real tables (needs ../shared/data)", () => {
  it("reads the events of a ROOT file that a colleague exported", async () => {
    await using file = await newCsv().open(join(SAMPLES, "root/export_Zmumu_events.csv"));
    expect(file.dims).toMatchObject({ row: { length: 2304 } });
    expect(Object.keys(file.variables)).toHaveLength(20);
    const sum = async (name: string): Promise<number> =>
      (await column(file, name)).toFloat64().reduce((total, value) => total + value, 0);
    // The README there has these.
    expect(await sum("E1")).toBeCloseTo(134886.24160576612, 6);
    expect(await sum("px1")).toBeCloseTo(-151.26487857544, 6);
    expect(await sum("Run")).toBe(341061976);
  });

  it("reads tracks of storms", async () => {
    for (const name of (await readdir(join(SAMPLES, "netcdf/storm-tracks"))).filter((each) => each.endsWith(".csv"))) {
      await using file = await newCsv().open(join(SAMPLES, "netcdf/storm-tracks", name));
      expect(file.variables["lon"]?.dtype, name).toBe("float64");
      expect(file.dims).toEqual({ row: { length: (await column(file, "lat")).size, unlimited: false } });
    }
  });

  it("reads every time series", async () => {
    const folder = join(SAMPLES, "timeseries/nab");
    const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".csv"));
    expect(names.length).toBeGreaterThan(10);
    const csv = newCsv({ columns: { timestamp: { type: "time" } } });
    for (const name of names) {
      await using file = await csv.open(join(folder, name));
      const times = (await column(file, "timestamp")).toFloat64();
      expect(times.every(Number.isFinite), name).toBe(true);
    }
  });
});
