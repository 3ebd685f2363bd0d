import { describe, expect, it } from "vitest";
import { typedColumn } from "../../../../core/batch/collect/typed-column.ts";
import { unitOfName } from "../../../../core/batch/collect/unit-of-name.ts";
import { convertUnits, type JsonValue } from "../../../../core/index.ts";

function column(...values: (JsonValue | undefined)[]): [string, unknown[]] {
  const { dtype, ...array } = typedColumn(values, { dim: "task_run" });
  return [dtype, [...array.data]];
}

describe("typedColumn", () => {
  it("has whole numbers as int64, others as float64", () => {
    expect(column(1, -2)).toEqual(["int64", [1n, -2n]]);
    expect(column(1, 2.5)).toEqual(["float64", [1, 2.5]]);
    expect(column(1, undefined)).toEqual(["float64", [1, Number.NaN]]);
    expect(column(-0)).toEqual(["float64", [-0]]);
    expect(column(null, null)).toEqual(["float64", [Number.NaN, Number.NaN]]);
  });

  it("has large integers, which are decimal text in JSON, as integers", () => {
    expect(column("9007199254740993", "5")).toEqual(["int64", [9007199254740993n, 5n]]);
    expect(column(5, "18446744073709551615")).toEqual(["uint64", [5n, 18446744073709551615n]]);
    expect(column("18446744073709551616")).toEqual(["string", ["18446744073709551616"]]);
    expect(column("-1", "18446744073709551615")).toEqual(["string", ["-1", "18446744073709551615"]]);
  });

  it("leaves texts of digits texts where none is so large: they may be names", () => {
    expect(column("1", "2")).toEqual(["string", ["1", "2"]]);
    expect(column("007", "18446744073709551615")[0]).toBe("string");
  });

  it("has truth values as such, and as text where one is missing", () => {
    expect(column(true, false)).toEqual(["bool", [1, 0]]);
    expect(column(true, undefined)).toEqual(["string", ["true", ""]]);
  });

  it("has mixtures and lists as text", () => {
    expect(column("a", 1, [1, { b: 2 }])).toEqual(["string", ["a", "1", '[1,{"b":2}]']]);
  });
});

describe("unitOfName", () => {
  it("takes the unit that a name ends with", () => {
    const names = [
      "energyMeV",
      "timeoutMs",
      "lengthMm",
      "simulate.angleDeg",
      "energy_keV",
      "rateKHz",
      "shareOfPercent",
    ];
    expect(names.map(unitOfName)).toEqual(["MeV", "ms", "mm", "degree", "keV", "kHz", "percent"]);
  });

  it("takes nothing that is not beyond doubt", () => {
    for (const name of ["seed", "kernelK", "planB", "MeV", "hockeV", "torqueNm", "program", "albums"]) {
      expect(unitOfName(name), name).toBeUndefined();
    }
  });

  it("spells units as the engine reads them", () => {
    for (const name of ["aMeV", "aGHz", "aHPa", "aUm", "aUs", "aMrad", "aDegC", "aPercent", "aKg", "aPs"]) {
      const unit = unitOfName(name) as string;
      expect(convertUnits(unit, unit), unit).toEqual({ scale: 1, offset: 0 });
    }
  });
});
