import { describe, expect, it } from "vitest";
import { formatNumber, formatTable } from "../../cli/table.ts";

describe("formatTable", () => {
  it("aligns numbers at their decimal points and shows units and missing values", () => {
    const table = formatTable({
      columns: [{ name: "quantity" }, { name: "mean", unit: "MeV", digits: 4 }, { name: "events" }],
      rows: [
        ["total energy", 10_234.567, 1000],
        ["layer 3", 0.98765, null],
        ["occupancy", null, 20],
      ],
    });
    expect(table).toMatchInlineSnapshot(`
      "quantity      mean [MeV]  events
      total energy  10235         1000
      layer 3           0.9877       –
      occupancy         –           20"
    `);
  });

  it("aligns text with letters that are several code points", () => {
    const table = formatTable({
      columns: [{ name: "a" }, { name: "b" }],
      rows: [
        ["e\u0301", "x"],
        ["ee", "y"],
      ],
    });
    expect(table).toBe("a   b\ne\u0301   x\nee  y");
  });
});

describe("formatNumber", () => {
  it.each([
    [0, "0"],
    [1234567, "1234567"],
    [0.1, "0.1000"],
    [99.99, "99.99"],
    [0.000012346, "1.235e-5"],
    [1234567.8, "1.235e+6"],
    [Number.NaN, "nan"],
    [Number.NEGATIVE_INFINITY, "-inf"],
    [-2.5, "-2.500"],
  ])("%d is %s", (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });
});
