import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { areConvertible, convertArray, convertUnits, NdArray } from "../../../../core/index.ts";

/** `[from, to, y(0), y(1)]` by the program udunits2, to 6 digits; scripts/make-cf-oracles.py. */
const oracle = JSON.parse(
  readFileSync(new URL("../../../fixtures/units/units.json", import.meta.url), "utf8"),
) as readonly (readonly [string, string, number | null, number | null])[];

describe("convertUnits", () => {
  it.each(oracle.filter(([, , zero]) => zero !== null))("converts %s to %s as UDUNITS does", (from, to, zero, one) => {
    const { scale, offset } = convertUnits(from, to);
    const digits = 5e-6 * Math.max(Math.abs(zero as number), Math.abs(one as number));
    expect(Math.abs(offset - (zero as number))).toBeLessThanOrEqual(digits);
    expect(Math.abs(scale + offset - (one as number))).toBeLessThanOrEqual(digits);
  });

  it.each(oracle.filter(([, , zero]) => zero === null))("refuses %s to %s as UDUNITS does", (from, to) => {
    expect(() => convertUnits(from, to)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^TWIN_UNIT/) }),
    );
  });

  it("is exact where float64 is", () => {
    expect(convertUnits("MeV", "GeV")).toEqual({ scale: 0.001, offset: 0 });
    expect(convertUnits("degC", "K")).toEqual({ scale: 1, offset: 273.15 });
    expect(convertUnits("degF", "degC").scale).toBe(5 / 9);
    expect(convertUnits("kg m-2 s-1", "mm/day", { context: "water" })).toEqual({ scale: 86400, offset: 0 });
    expect(convertUnits("mm", "kg m-2", { context: "water" })).toEqual({ scale: 1, offset: 0 });
    expect(convertUnits("m2", "ym2").scale).toBe(1e48);
  });

  it("and back is the identity, whatever the units", () => {
    const words = ["m", "kg", "hPa", "degC", "MeV", "day", "km", "feet", "mol", "W", "µs", "%"];
    const power = fc
      .tuple(fc.constantFrom(...words), fc.integer({ min: -3, max: 3 }))
      .map(([word, n]) => `${word}${n}`);
    const unit = fc.array(power, { minLength: 1, maxLength: 4 }).map((powers) => powers.join(" "));
    fc.assert(
      fc.property(unit, fc.constantFrom("", "1e-3 ", "kilo", "2.5 "), (text, factor) => {
        const changed = factor === "kilo" ? `1000 (${text})` : `${factor}${text}`;
        const there = convertUnits(text, changed);
        const back = convertUnits(changed, text);
        expect(there.scale * back.scale).toBeCloseTo(1, 12);
        expect(convertUnits(text, text)).toEqual({ scale: 1, offset: 0 });
        expect(areConvertible(text, changed)).toBe(true);
      }),
    );
  });

  it.each([
    ["m s⁻¹", "m/s"],
    ["m·s-1", "m.s-1"],
    ["K @ -1", "K from -1"],
    [" kg  m^-2 ", "kg/m2"],
    ["W/(m2 K)", "W m-2 K-1"],
    ["Kelvins", "DEGK"],
    ["1", ""],
    ["rad", "1"],
    ["m0", "1"],
    ["mm2", "1e-6 m2"],
    ["Pa", "kg m-1 s-2"],
  ])("reads %s as %s", (from, to) => {
    expect(convertUnits(from, to)).toEqual({ scale: 1, offset: 0 });
  });

  it.each([
    ["dBZ", "is logarithmic"],
    ["lg(re 1 mW)", "is logarithmic"],
    ["days since 1850-01-01", "counts from a date"],
    ["hours from 0", "counts from a date"],
    ["metr", 'Did you mean "meter"?'],
    ["MEV", 'is unknown at "MEV"'],
    ["kkm", 'is unknown at "kkm"'],
    ["m^0.5", 'is no unit from ".5" on'],
    ["m^", 'is no unit from "^" on'],
    ["m/", "ends too early"],
    ["(m", "ends too early"],
    ["m)", 'is no unit from ")" on'],
    ["m/0", "divides by 0"],
    ["0-1 m", "is no unit"],
    ["0^-1", "out of range"],
    ["m999999999", "out of range"],
    ["((((10^64)^64)^64)^64)^64", "too large or too small"],
    ["m ".repeat(150), "is too long"],
  ])("refuses %s: %s", (unit, message) => {
    const problem = { code: "TWIN_UNIT_UNKNOWN", message: expect.stringContaining(message) };
    expect(() => convertUnits(unit, "m")).toThrow(expect.objectContaining(problem));
  });

  it("says what C and F are, which many files have for degrees", () => {
    const told = (text: string) => expect.objectContaining({ message: expect.stringContaining(text) });
    expect(() => convertUnits("C", "K")).toThrow(told('degrees Celsius are "degC"'));
    expect(() => convertUnits("degC", "F")).toThrow(told('degrees Fahrenheit are "degF"'));
  });

  it("never throws anything else, whatever the text", () => {
    const text = fc.stringMatching(/^[mskKgPa%°µ0-9eE ()^*/.@+-]{0,24}$/);
    fc.assert(
      fc.property(text, (unit) => {
        try {
          convertUnits(unit, "m");
        } catch (error) {
          expect((error as { code?: string }).code).toMatch(/^TWIN_UNIT(_UNKNOWN|S_INCOMPATIBLE)$/);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("says what units that do not convert measure, and that water might", () => {
    const message = (from: string, to: string): string => {
      try {
        return JSON.stringify(convertUnits(from, to));
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(message("mb", "hPa")).toBe('Cannot convert "mb" to "hPa": the one measures m2, the other m-1 kg s-2.');
    expect(message("mm/day", "kg m-2 s-1")).toContain('For amounts of liquid water, say so: { context: "water" }.');
  });
});

describe("convertArray", () => {
  it("keeps the dtype of floats, and NaN", () => {
    const array = new NdArray(Float32Array.of(0, 20.5, Number.NaN), {
      dtype: "float32",
      shape: [3],
      dims: ["x"],
      unit: "degC",
    });
    const kelvin = convertArray(array, "K");
    expect(kelvin).toMatchObject({ dtype: "float32", unit: "K", dims: ["x"] });
    expect([...kelvin.values()]).toEqual([Math.fround(273.15), Math.fround(293.65), Number.NaN]);
    expect(array.data).toEqual(Float32Array.of(0, 20.5, Number.NaN));
  });

  it("makes float64 of integers, with NaN for the missing", () => {
    const array = new NdArray(Int16Array.of(1, -9, 3), { dtype: "int16", shape: [3], unit: "km", fillValue: -9 });
    const metres = convertArray(array, "m");
    expect(metres).toMatchObject({ dtype: "float64", unit: "m", fillValue: undefined });
    expect([...metres.values()]).toEqual([1000, Number.NaN, 3000]);
  });

  it("changes nothing but the name where the units are the same", () => {
    const array = new NdArray(Float64Array.of(1), { dtype: "float64", shape: [1], unit: "mbar" });
    const converted = convertArray(array, "hPa");
    expect([converted.data, converted.unit]).toEqual([array.data, "hPa"]);
    expect(converted.data).toBe(array.data);
  });

  it("leaves the array it was given alone", () => {
    const array = new NdArray(Float64Array.of(1, 2), { dtype: "float64", shape: [2], unit: "km" });
    expect(convertArray(array, "m").data).toEqual(Float64Array.of(1000, 2000));
    expect(array.data).toEqual(Float64Array.of(1, 2));
  });

  it("needs a unit", () => {
    const array = new NdArray(Float64Array.of(1), { dtype: "float64", shape: [1] });
    expect(() => convertArray(array, "m")).toThrow(expect.objectContaining({ code: "TWIN_UNIT_UNKNOWN" }));
  });
});
