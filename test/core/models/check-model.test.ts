import { describe, expect, it } from "vitest";
import {
  type AxisLengths,
  checkModelInputs,
  checkModelOutputs,
  emptyModelOutputs,
  type ModelFacts,
  NdArray,
} from "../../../core/index.ts";

const MODEL: ModelFacts = {
  name: "gan",
  inputs: {
    energy: { dtype: "float32", shape: ["batch"] },
    noise: { dtype: "float32", shape: ["batch", 4] },
    square: { dtype: "int64", shape: ["n", "n"] },
  },
  outputs: { cells: { dtype: "float64", shape: ["batch", 2, "hits"] } },
};

function zeros(dtype: "float32" | "float64" | "int64", ...shape: number[]): NdArray {
  const size = shape.reduce((product, length) => product * length, 1);
  const data = { float32: new Float32Array(size), float64: new Float64Array(size), int64: new BigInt64Array(size) };
  return new NdArray(data[dtype], { dtype, shape });
}

const GOOD = { energy: zeros("float32", 3), noise: zeros("float32", 3, 4), square: zeros("int64", 2, 2) };

function refusal(inputs: Readonly<Record<string, NdArray>>): unknown {
  try {
    return checkModelInputs(MODEL, inputs);
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    expect(code).toBe("TWIN_MODEL_INPUT");
    return message;
  }
}

describe("the check of a model's inputs", () => {
  it("gives the lengths of the free axes", () => {
    expect(checkModelInputs(MODEL, GOOD)).toEqual(new Map(Object.entries({ batch: 3, n: 2 })));
  });

  it("says what is wrong, where, and what there should be", () => {
    const { energy, ...others } = GOOD;
    expect({
      missing: refusal(others),
      unknown: refusal({ ...GOOD, energie: energy }),
      inherited: refusal({ ...GOOD, toString: energy }),
      dtype: refusal({ ...GOOD, noise: zeros("float64", 3, 4) }),
      length: refusal({ ...GOOD, noise: zeros("float32", 3, 5) }),
      axes: refusal({ ...GOOD, noise: zeros("float32", 12) }),
      shared: refusal({ ...GOOD, noise: zeros("float32", 2, 4) }),
      square: refusal({ ...GOOD, square: zeros("int64", 2, 3) }),
    }).toMatchInlineSnapshot(`
      {
        "axes": "Model "gan", input "noise": it must be float32 [batch, 4], and its shape is [12].",
        "dtype": "Model "gan", input "noise": it must be float32 [batch, 4], and its dtype is float64.",
        "inherited": "Model "gan", input "toString": the model has no such input. There are: noise, energy, square.",
        "length": "Model "gan", input "noise": it must be float32 [batch, 4], and its shape is [3, 5].",
        "missing": "Model "gan", input "energy": it is missing; give float32 [batch].",
        "shared": "Model "gan", input "noise": it must be float32 [batch, 4], and its shape is [2, 4]; batch is 3 in "energy".",
        "square": "Model "gan", input "square": it must be int64 [n, n], and its shape is [2, 3]; n is 2 in "square".",
        "unknown": "Model "gan", input "energie": the model has no such input. Did you mean "energy"? There are: energy, noise, square.",
      }
    `);
  });
});

describe("the check of a model's outputs", () => {
  const lengths: AxisLengths = new Map([["batch", 3]]);

  it("names the axes, and lets an axis that no input has be as long as it is", () => {
    const { cells } = checkModelOutputs(MODEL, { cells: zeros("float64", 3, 2, 7) }, lengths);
    expect(cells?.dims).toEqual(["batch", "dim_1", "hits"]);
  });

  it("finds what is not as stated", () => {
    const wrong = [{}, { cells: zeros("float32", 3, 2, 7) }, { cells: zeros("float64", 4, 2, 7) }];
    const messages = wrong.map((outputs) => {
      try {
        return checkModelOutputs(MODEL, outputs, lengths);
      } catch (error) {
        return (error as Error).message;
      }
    });
    expect(messages).toMatchInlineSnapshot(`
      [
        "Model "gan" failed: its output "cells" is not what it states: it did not come.",
        "Model "gan" failed: its output "cells" is not what it states: it must be float64 [batch, 2, hits], and its dtype is float32.",
        "Model "gan" failed: its output "cells" is not what it states: it must be float64 [batch, 2, hits], and its shape is [4, 2, 7]; batch is 3 in the inputs.",
      ]
    `);
  });

  it("makes what is empty without computing, where all of it is known to be", () => {
    const known: ModelFacts = { ...MODEL, outputs: { cells: { dtype: "float64", shape: ["batch", 2] } } };
    expect(emptyModelOutputs(known, new Map([["batch", 0]]))?.["cells"]).toMatchObject({ shape: [0, 2], size: 0 });
    expect(emptyModelOutputs(known, lengths)).toBeUndefined();
    expect(emptyModelOutputs(MODEL, new Map([["batch", 0]]))).toBeUndefined();
  });
});
