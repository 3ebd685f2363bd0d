import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { moments, philoxBlocks, RandomStream } from "../../../core/index.ts";

const COUNT = 40_000;

function sample(draw: (stream: RandomStream) => number, seed = 7n): Float64Array {
  const stream = new RandomStream({ seed, id: 3n });
  return Float64Array.from({ length: COUNT }, () => draw(stream));
}

/** Mean and variance agree with theory within five standard errors (the fourth moment from the sample). */
function expectMoments(values: Float64Array, mean: number, variance: number): void {
  const found = moments(values);
  expect(Math.abs(found.mean - mean)).toBeLessThan(5 * Math.sqrt(variance / COUNT));
  const spread = moments(values.map((value) => (value - mean) ** 2));
  expect(Math.abs(spread.mean - variance)).toBeLessThan(5 * spread.meanError);
}

describe("RandomStream", () => {
  it("is Philox with key = seed and counter = (block, purpose, id)", () => {
    const seed = 0x299f31d0a4093822n;
    const id = 0x0370734413198a2en;
    const stream = new RandomStream({ seed, id, purpose: 0x85a308d3 });
    const expected = new Uint32Array(512);
    philoxBlocks(expected, [0, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]);
    expect(Array.from(expected, () => stream.uint32())).toEqual([...expected]);
  });

  it("is a pure function of its key: restarting gives the same numbers, whatever was drawn before", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.integer({ min: 0, max: 600 }),
        (seed, id, before) => {
          const draw = (stream: RandomStream): number[] => [
            stream.uniform(),
            stream.normal(),
            stream.gamma(0.3),
            stream.poisson(40),
            stream.normal(),
          ];
          const used = new RandomStream({ seed, id: id ^ 1n });
          for (let i = 0; i < before; i++) used.normal();
          used.restart(id);
          expect(draw(used)).toEqual(draw(new RandomStream({ seed, id })));
        },
      ),
    );
  });

  it("differs when seed, id or purpose differ", () => {
    const keys = [
      { seed: 1n, id: 1n },
      { seed: 2n, id: 1n },
      { seed: 1n, id: 2n },
      { seed: 1n, id: 1n, purpose: 1 },
      { seed: 1n + (1n << 32n), id: 1n },
      { seed: 1n, id: 1n + (1n << 32n) },
    ];
    const first = keys.map((key) => new RandomStream(key).uniform());
    expect(new Set(first).size).toBe(keys.length);
  });

  it("draws uniforms of mean 1/2 and variance 1/12, open ones never 0 or 1", () => {
    expectMoments(
      sample((stream) => stream.uniform()),
      1 / 2,
      1 / 12,
    );
    for (const draw of ["uniformOpen", "uniformCoarse"] as const) {
      const values = sample((stream) => stream[draw]());
      expectMoments(values, 1 / 2, 1 / 12);
      expect(values.every((value) => value > 0 && value < 1)).toBe(true);
    }
  });

  it("draws normals and exponentials", () => {
    expectMoments(
      sample((stream) => stream.normal()),
      0,
      1,
    );
    expectMoments(
      sample((stream) => stream.exponential()),
      1,
      1,
    );
  });

  it.each([0.05, 0.5, 1, 2.7, 40, 1e4])("draws gamma variates of shape %d", (shape) => {
    expectMoments(
      sample((stream) => stream.gamma(shape)),
      shape,
      shape,
    );
  });

  it.each([0.01, 1, 9.9, 10, 37.5, 1e4])("draws Poisson variates of mean %d", (mean) => {
    const values = sample((stream) => stream.poisson(mean));
    expectMoments(values, mean, mean);
    expect(values.every((value) => Number.isInteger(value) && value >= 0)).toBe(true);
  });

  it("draws Poisson variates with the right probability of each value, by both methods", () => {
    for (const mean of [4, 12]) {
      const values = sample((stream) => stream.poisson(mean));
      let probability = Math.exp(-mean);
      for (let k = 0; k < 2 * mean; k++) {
        const found = values.filter((value) => value === k).length;
        const error = Math.sqrt(COUNT * probability * (1 - probability));
        expect(Math.abs(found - COUNT * probability)).toBeLessThan(5 * error + 1);
        probability *= mean / (k + 1);
      }
    }
  });

  it("fills arrays with the numbers that single calls give", () => {
    const filled = new Float64Array(300);
    new RandomStream({ seed: 9n, id: 0n }).fillNormal(filled);
    const stream = new RandomStream({ seed: 9n, id: 0n });
    expect([...filled]).toEqual(Array.from(filled, () => stream.normal()));
    const uniforms = new Float32Array(300);
    new RandomStream({ seed: 9n, id: 0n }).fillUniform(uniforms);
    const again = new RandomStream({ seed: 9n, id: 0n });
    expect([...uniforms]).toEqual(Array.from(uniforms, () => Math.fround(again.uniform())));
  });

  it("refuses seeds, purposes, shapes and means out of range", () => {
    const code = { code: "TWIN_INVALID_ARGUMENT" };
    expect(() => new RandomStream({ seed: -1n, id: 0n })).toThrow(expect.objectContaining(code));
    expect(() => new RandomStream({ seed: 2n ** 64n, id: 0n })).toThrow(expect.objectContaining(code));
    expect(() => new RandomStream({ seed: 0n, id: 0n, purpose: 0.5 })).toThrow(expect.objectContaining(code));
    const stream = new RandomStream({ seed: 0n, id: 0n });
    expect(() => stream.gamma(0)).toThrow(expect.objectContaining(code));
    expect(() => stream.poisson(Number.NaN)).toThrow(expect.objectContaining(code));
  });
});
