import { NdArray } from "twinloom";
import { describe, expect, it } from "vitest";
import type { Piece } from "../../../../modules/serving/models/batch.ts";
import { giveRows, type RowJob, sharesMemory } from "../../../../modules/serving/models/rows.ts";

function pieceOf(rows: number, start = 0, count = rows): Piece<RowJob> {
  return { job: { rows, bytes: 0, results: undefined }, start, count };
}

function arrayOf(rows: number, data = new Float32Array(2 * rows).map((_, index) => index + 1)): NdArray {
  return new NdArray<"float32">(data, { dtype: "float32", shape: [rows, 2], dims: ["event", "cell"] });
}

describe.runIf("transfer" in ArrayBuffer.prototype)("the memory of a batch", () => {
  it("is freed when the last of its jobs has given it up", () => {
    const cells = arrayOf(3);
    const [first, second] = [pieceOf(1), pieceOf(2)];
    giveRows([first, second], { cells });
    expect(second.job.results?.["cells"]?.toFloat64()).toEqual(Float64Array.of(3, 4, 5, 6));
    first.job.dispose?.();
    expect(cells.data).toHaveLength(6);
    second.job.dispose?.();
    expect(cells.data).toHaveLength(0);
  });

  it("is freed at once where the batch is one job, even if two outputs are the same array", () => {
    const cells = arrayOf(2);
    const piece = pieceOf(2);
    giveRows([piece], { cells, again: cells });
    piece.job.dispose?.();
    expect(cells.data).toHaveLength(0);
  });

  it("is left where it is part of something larger, or of a large job", () => {
    const whole = new Float32Array(8);
    const part = pieceOf(2);
    giveRows([part], { cells: arrayOf(2, whole.subarray(0, 4)) });
    part.job.dispose?.();
    expect(whole).toHaveLength(8);
    const cells = arrayOf(2);
    const [small, large] = [pieceOf(1), pieceOf(5, 0, 1)];
    giveRows([small, large], { cells });
    small.job.dispose?.();
    expect(cells.data).toHaveLength(4);
  });
});

describe("sharesMemory", () => {
  it("tells views from copies", () => {
    const cells = arrayOf(2);
    expect(sharesMemory({ view: cells.slice({ event: 1 }) }, { cells })).toBe(true);
    expect(sharesMemory({ copy: arrayOf(2, (cells.data as Float32Array).slice()) }, { cells })).toBe(false);
    const texts = new NdArray<"string">(["a"], { dtype: "string", shape: [1] });
    expect(sharesMemory({ texts }, { texts })).toBe(true);
  });
});
