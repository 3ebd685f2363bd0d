import { type ModelFixture, modelCases, testModel } from "twinloom/testing";
import { describe, expect, it } from "vitest";
import { type Model, NdArray } from "../../../core/index.ts";
import { brokenModels, lens } from "../../conformance/broken/broken-models.ts";

function fixture(model: Model): ModelFixture {
  return {
    model,
    inputs: {
      rays: new NdArray(Float32Array.of(1, 2, 3, 4, 5, 6), { dtype: "float32", shape: [2, 3] }),
      power: new NdArray(Float32Array.of(0.5, -2), { dtype: "float32", shape: [2] }),
    },
  };
}

testModel(async () => fixture(lens));

describe("the conformance suite for models", () => {
  it.each(brokenModels)("notices one that $fault", async ({ model, noticedBy }) => {
    const failed: string[] = [];
    for (const { name, run } of modelCases) await run(fixture(model)).catch(() => failed.push(name));
    expect(failed).toContain(noticedBy);
  });

  it("breaks every case with some fault", () => {
    const noticing = new Set(brokenModels.map(({ noticedBy }) => noticedBy));
    expect(modelCases.map(({ name }) => name).filter((name) => !noticing.has(name))).toEqual([]);
  });
});
