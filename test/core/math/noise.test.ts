import { moments, RandomStream } from "twinloom";
import { describe, expect, it } from "vitest";
import { normalQuantile } from "../../../core/math/normal-quantile.ts";
import { oracle } from "./oracle.ts";

interface Noise {
  readonly words: readonly number[];
  readonly normal: readonly number[];
  readonly streams: readonly {
    readonly seed: string;
    readonly id: string;
    readonly purpose: number;
    readonly uniform: readonly number[];
    readonly normal: readonly number[];
  }[];
}

const expected = oracle<Noise>("noise");

describe("float32 noise", () => {
  it.for(expected.streams)("is what numpy and scipy make of Philox ($seed, $id, $purpose)", (given) => {
    const stream = new RandomStream({ seed: BigInt(given.seed), id: BigInt(given.id), purpose: given.purpose });
    const values = new Float32Array(given.uniform.length);
    stream.fillUniformFloat32(values);
    expect([...values]).toEqual(given.uniform);
    stream.restart(BigInt(given.id));
    stream.fillNormalFloat32(values);
    expect([...values]).toEqual(given.normal);
  });

  it("is the normal quantile at both ends, in the middle and where the formulas meet", () => {
    expect(expected.words.map((word) => Math.fround(normalQuantile(word)))).toEqual(expected.normal);
  });

  it("goes on where the stream is, whatever was taken before, and however it is divided", () => {
    const whole = new Float32Array(1000);
    const words = new RandomStream({ seed: 5n, id: 1n });
    words.uint32();
    words.fillUniformFloat32(whole);
    const divided = new Float32Array(1000);
    const stream = new RandomStream({ seed: 5n, id: 1n });
    stream.uint32();
    for (const [from, to] of [
      [0, 1],
      [1, 254],
      [254, 256],
      [256, 256],
      [256, 999],
      [999, 1000],
    ] as const) {
      stream.fillUniformFloat32(divided.subarray(from, to));
    }
    expect(divided).toEqual(whole);
    expect(stream.uint32()).toBe(words.uint32());
  });

  it("has the moments of its distributions, and is inside the open interval in float32", () => {
    const values = new Float32Array(1_000_000);
    const stream = new RandomStream({ seed: 11n, id: 0n });
    stream.fillUniformFloat32(values);
    expect(values.every((value) => value > 0 && value < 1)).toBe(true);
    expect(Math.abs(moments(Float64Array.from(values)).mean - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / values.length));
    stream.fillNormalFloat32(values);
    const squares = Float64Array.from(values, (value) => value * value);
    const fourths = Float64Array.from(values, (value) => value ** 4);
    expect(Math.abs(moments(Float64Array.from(values)).mean)).toBeLessThan(5 / Math.sqrt(values.length));
    expect(Math.abs(moments(squares).mean - 1)).toBeLessThan(5 * Math.sqrt(2 / values.length));
    expect(Math.abs(moments(fourths).mean - 3)).toBeLessThan(5 * Math.sqrt(96 / values.length));
  });
});
