import { describe, expect, it } from "vitest";
import { parseParameters } from "../../cli/parameters.ts";

describe("-p key=value", () => {
  it.each([
    ["n=12", 12],
    ["n=-1.5e3", -1_500],
    ["n=9007199254740991", 9_007_199_254_740_991],
    ["seed=9007199254740993", "9007199254740993"],
    ["seed=18446744073709551615", "18446744073709551615"],
    ["n=-9007199254740993", "-9007199254740993"],
    ["flag=true", true],
    ["nothing=null", null],
    ["list=[1,2]", [1, 2]],
    ["map={}", {}],
    ['text="12"', "12"],
    ["text=a=b", "a=b"],
    ["text=", ""],
    ["text=01", "01"],
    ["text=True", "True"],
  ])("%s", (typed, value) => {
    expect(Object.values(parseParameters([typed]))).toEqual([value]);
  });

  it("takes names of properties of every object for what they are", () => {
    expect(Object.entries(parseParameters(["__proto__=1", "constructor=2"]))).toEqual([
      ["__proto__", 1],
      ["constructor", 2],
    ]);
  });

  it.each([[["n"]], [["=1"]], [[""]], [["n=1", "n=2"]]])("%j is wrong usage", (typed) => {
    expect(() => parseParameters(typed)).toThrow(expect.objectContaining({ code: "TWIN_USAGE" }));
  });
});
