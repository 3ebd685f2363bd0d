import { checkModelInputs, emptyModelOutputs, type Model, NdArray } from "twinloom";

/** A model of rows: `half` is `a / 2 + b`, row by row. */
export class HalfModel implements Model {
  readonly name = "half";
  readonly provider = { name: "cpu" };
  readonly metadata = { author: "nobody" };
  readonly digest = `sha256:${"ab".repeat(32)}`;
  readonly inputs: Model["inputs"] = {
    a: { dtype: "float32", shape: ["batch", 3] },
    b: { dtype: "int64", shape: ["batch"] },
  };
  readonly outputs: Model["outputs"] = { half: { dtype: "float32", shape: ["batch", 3] } };
  /** Rows of each call. */
  readonly rows: number[] = [];

  async infer(
    inputs: Readonly<Record<string, NdArray>>,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Readonly<Record<string, NdArray>>> {
    signal?.throwIfAborted();
    const lengths = checkModelInputs(this, inputs);
    const empty = emptyModelOutputs(this, lengths);
    if (empty) return empty;
    const rows = lengths.get("batch") as number;
    this.rows.push(rows);
    const [a, b] = [inputs["a"]?.values() as Float32Array, inputs["b"]?.values() as BigInt64Array];
    const half = a.map((value, index) => value / 2 + Number(b[Math.floor(index / 3)]));
    return { half: new NdArray(half, { dtype: "float32", shape: [rows, 3], dims: ["batch", "dim_1"] }) };
  }
}
