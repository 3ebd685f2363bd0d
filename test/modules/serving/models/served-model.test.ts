import { type Model, NdArray } from "twinloom";
import { type Served, type ServedAnswer, type ServedRequest, serveModel } from "twinloom/modules/serving";
import { describe, expect, it } from "vitest";
import { RowModel } from "./fakes.ts";

const { signal } = new AbortController();

/** A request of rows of numbers, each with a label. */
function rowsRequest(
  rows: readonly (readonly number[])[],
  parameters: ServedRequest["parameters"] = {},
): ServedRequest {
  const labels = rows.map((_, row) => `row${row}`);
  const shape = [rows.length, rows[0]?.length ?? 2];
  return {
    inputs: {
      values: new NdArray(Float32Array.from(rows.flat()), { dtype: "float32", shape }),
      label: new NdArray(labels, { dtype: "string", shape: [rows.length] }),
    },
    parameters,
  };
}

function ask(served: Served, request: ServedRequest): Promise<ServedAnswer> {
  return served.infer(request, { signal });
}

function table({ outputs }: ServedAnswer): unknown {
  return { twice: [...(outputs["twice"] as NdArray).toFloat64()], label: outputs["label"]?.values() };
}

describe("serveModel", () => {
  it("states what the model states, with -1 for free axes", () => {
    const digest = `sha256:${"0".repeat(64)}`;
    const served = serveModel(Object.assign(new RowModel(), { digest }), { version: "2", properties: { twin: "t" } });
    expect(served).toMatchObject({ name: "rows", version: "2", kind: "model", identity: digest });
    expect(served.inputs).toEqual([
      { name: "values", datatype: "FP32", shape: [-1, -1] },
      { name: "label", datatype: "BYTES", shape: [-1] },
    ]);
    expect(served.properties).toEqual({
      twin: "t",
      kind: "model",
      identity: digest,
      provider: "cpu",
      "twinloom.model": JSON.stringify({
        inputs: {
          values: { dtype: "float32", shape: ["batch", "points"] },
          label: { dtype: "string", shape: ["batch"] },
        },
        outputs: {
          twice: { dtype: "float32", shape: ["batch", "points"] },
          label: { dtype: "string", shape: ["batch"] },
        },
        metadata: { author: "nobody" },
      }),
    });
  });

  it("puts requests together along the first axis, and gives each its own rows", async () => {
    const model = new RowModel();
    const served = serveModel(model, { version: "1" });
    const answers = await Promise.all([
      ask(served, rowsRequest([[1, 2]])),
      ask(served, rowsRequest([[3, 4]])),
      ask(
        served,
        rowsRequest([
          [5, 6],
          [7, 8],
        ]),
      ),
    ]);
    expect(model.asked).toEqual([
      [1, 2],
      [3, 2],
    ]);
    expect(answers.map(table)).toEqual([
      { twice: [2, 4], label: ["ROW0"] },
      { twice: [6, 8], label: ["ROW0"] },
      { twice: [10, 12, 14, 16], label: ["ROW0", "ROW1"] },
    ]);
  });

  it("keeps requests apart whose other axes differ", async () => {
    const model = new RowModel();
    const served = serveModel(model, { version: "1" });
    await Promise.all([[1], [1, 2], [1, 2, 3], [4, 5], [6, 7, 8]].map((values) => ask(served, rowsRequest([values]))));
    expect(model.asked).toEqual([
      [1, 1],
      [2, 2],
      [2, 3],
    ]);
  });

  it("reads views, and computes large requests in pieces", async () => {
    const model = new RowModel();
    const served = serveModel(model, { version: "1", batching: { maxBatchSize: 2 } });
    const { inputs } = rowsRequest([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const columns = (inputs["values"] as NdArray).transpose(["dim_1", "dim_0"]);
    const label = new NdArray(["a", "b", "c"], { dtype: "string", shape: [3] });
    const answer = await ask(served, { inputs: { values: columns, label }, parameters: {} });
    expect(model.asked).toEqual([
      [2, 2],
      [1, 2],
    ]);
    expect(table(answer)).toEqual({ twice: [2, 8, 4, 10, 6, 12], label: ["A", "B", "C"] });
  });

  it("computes each request by itself where the model has no axis of a batch, or must not", async () => {
    const fixed = new RowModel();
    const shaped = Object.assign(fixed, {
      outputs: { ...fixed.outputs, label: { dtype: "string", shape: ["other"] } },
    });
    const square = Object.assign(new RowModel(), {
      inputs: { ...fixed.inputs, values: { dtype: "float32", shape: ["batch", "batch"] } },
    });
    const models: [Model & RowModel, false | undefined][] = [
      [shaped as unknown as Model & RowModel, undefined],
      [square as unknown as Model & RowModel, undefined],
      [new RowModel(), false],
    ];
    for (const [model, batching] of models) {
      const served = serveModel(model, { version: "1", batching });
      expect(served.batching).toBeUndefined();
      await Promise.all([1, 2, 3].map((value) => ask(served, rowsRequest([[value]]))));
      expect(model.asked).toHaveLength(3);
    }
  });

  it("refuses inputs that do not fit before they wait", async () => {
    const model = new RowModel();
    const served = serveModel(model, { version: "1" });
    const { inputs } = rowsRequest([[1, 2]]);
    const { label } = inputs as { label: NdArray };
    await expect(ask(served, { inputs: { label }, parameters: {} })).rejects.toMatchObject({
      code: "TWIN_MODEL_INPUT",
      input: "values",
    });
    expect(model.asked).toEqual([]);
    expect(served.statistics.fail.count).toBe(1);
  });

  it("gives empty outputs for no rows", async () => {
    const model = new RowModel();
    const { outputs } = await ask(serveModel(model, { version: "1" }), rowsRequest([]));
    expect(outputs["twice"]?.shape).toEqual([0, 2]);
    expect(model.asked).toEqual([]);
  });

  it("gives float32 outputs sparse and in halves on request, and leaves others alone", async () => {
    const served = serveModel(new RowModel(), { version: "1" });
    const request = rowsRequest([[0, 1.5]], { sparse: true, output_datatype: "FP16" });
    const { outputs } = await ask(served, request);
    expect(Object.entries(outputs).map(([name, array]) => [name, array.dtype, [...array.values()]])).toEqual([
      ["twice.offsets", "int32", [0, 1]],
      ["twice.indices", "uint16", [1]],
      ["twice.values", "float16", [3]],
      ["label", "string", ["ROW0"]],
    ]);
  });
});
