import { testModel } from "twinloom/testing";
import { describe } from "vitest";
import { type DType, NdArray } from "../../../core/index.ts";
import { denseInputs, SAMPLES, slowInputs, withModel } from "./shared.ts";

describe("two inputs that share an axis", () => {
  testModel(async () => {
    const twin = await withModel("dense");
    return { model: twin.model, inputs: denseInputs(3), dispose: () => twin.stop() };
  });
});

describe("all dtypes", () => {
  testModel(async () => {
    const twin = await withModel("dtypes");
    const inputs = Object.entries(SAMPLES).map(([dtype, data]) => {
      return [`in_${dtype}`, new NdArray(data, { dtype: dtype as DType, shape: [2] })] as const;
    });
    return { model: twin.model, inputs: Object.fromEntries(inputs), dispose: () => twin.stop() };
  });
});

describe("a loop, and a scalar", () => {
  testModel(async () => {
    const twin = await withModel("slow");
    return { model: twin.model, inputs: slowInputs(2, 3), dispose: () => twin.stop() };
  });
});
