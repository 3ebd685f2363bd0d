import { describe, expect, it } from "vitest";
import { createTwin, type NdArray } from "../../../core/index.ts";
import { onnx } from "../../../modules/onnx/index.ts";
import { denseInputs, FIXTURES, slowInputs, withModel } from "./shared.ts";

/** Takes some hundred milliseconds. */
const LONG = slowInputs(5000);

function valuesOf(outputs: Readonly<Record<string, NdArray>>, name: string): number[] {
  return [...(outputs[name] as NdArray<"float32">).values()];
}

describe("the one queue of a process", () => {
  it("serves two models of one twin, and another twin, at the same time", async () => {
    const file = (name: string) => onnx({ file: `${FIXTURES}${name}.onnx` });
    await using both = await createTwin({ plugins: { dense: file("dense"), slow: file("slow") } });
    await using other = await withModel("dense");
    const expected = valuesOf(await both.dense.infer(denseInputs(5)), "y");
    const calls = Array.from({ length: 50 }, async (_, index) => {
      if (index % 10 === 0) return void (await both.slow.infer(slowInputs(20)));
      const model = index % 2 === 0 ? both.dense : other.model;
      const rows = 1 + (index % 5);
      expect(valuesOf(await model.infer(denseInputs(rows)), "y")).toHaveLength(3 * rows);
      expect(valuesOf(await model.infer(denseInputs(5)), "y")).toEqual(expected);
    });
    await Promise.all(calls);
  });

  it("works through calls in the order asked, whichever model they are for", async () => {
    await using one = await withModel("slow");
    await using two = await withModel("dense");
    const answered: number[] = [];
    const call = async (index: number): Promise<void> => {
      await (index % 4 === 0 ? one.model.infer(slowInputs(50)) : two.model.infer(denseInputs(2)));
      answered.push(index);
    };
    await Promise.all(Array.from({ length: 20 }, (_, index) => call(index)));
    expect(answered).toEqual([...answered.keys()]);
  });

  it("leaves the event loop free while it computes", async () => {
    await using twin = await withModel("slow");
    let turns = 0;
    const counting = setInterval(() => turns++, 1);
    await twin.model.infer(LONG);
    clearInterval(counting);
    expect(turns).toBeGreaterThan(2);
  });

  it("drops a call that is aborted while it is computed, at once", async () => {
    await using twin = await withModel("slow");
    await using other = await withModel("dense");
    const abort = new AbortController();
    let isDone = false;
    const aborted = twin.model.infer(LONG, { signal: abort.signal }).finally(() => {
      isDone = true;
    });
    const after = other.model.infer(denseInputs(2)).then(() => isDone);
    // It has begun: the worker takes what is first.
    setTimeout(() => abort.abort(new Error("enough")), 20);
    await expect(aborted).rejects.toThrow("enough");
    expect(await after).toBe(true);
  });
});

describe("stopping while there is work", () => {
  it("rejects calls that wait, with a code, and leaves other twins alone", async () => {
    const twin = await withModel("slow");
    await using other = await withModel("dense");
    const calls = [LONG, ...Array.from({ length: 10 }, () => slowInputs(10))].map((inputs) => twin.model.infer(inputs));
    const settled = Promise.allSettled(calls);
    const others = other.model.infer(denseInputs(3));
    await twin.stop();
    for (const result of await settled) {
      expect(result).toMatchObject({ status: "rejected", reason: { code: "TWIN_MODEL_FAILED" } });
    }
    expect((await others)["y"]?.shape).toEqual([3, 3]);
  });

  it("releases the session: a model may be loaded again and again", async () => {
    for (let round = 0; round < 10; round++) {
      await using twin = await withModel("dense");
      expect((await twin.model.infer(denseInputs(1)))["y"]?.shape).toEqual([1, 3]);
    }
  });

  it("also works for a twin that is called off while it starts", async () => {
    const abort = new AbortController();
    const plugins = { model: onnx({ file: `${FIXTURES}dense.onnx` }) };
    const creating = createTwin({ plugins, signal: abort.signal });
    abort.abort(new Error("called off"));
    await expect(creating).rejects.toThrow("called off");
    await using twin = await withModel("dense");
    expect((await twin.model.infer(denseInputs(1)))["y"]?.shape).toEqual([1, 3]);
  });
});
