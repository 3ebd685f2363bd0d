import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { eofSource, fitEof, projectEof } from "../../../core/index.ts";

interface Oracle {
  readonly name: string;
  readonly samples: number;
  readonly cells: number;
  readonly field: readonly (number | null)[];
  readonly weights: readonly number[];
  readonly variances: readonly number[];
  readonly totalVariance: number;
  readonly patterns: readonly number[];
  readonly new: readonly number[];
  readonly components: readonly number[];
  readonly error: number;
  readonly hotelling: number;
}

/** Made by extreme-values-oracle.py: numpy's SVD. */
const { eofs } = JSON.parse(readFileSync(new URL("extreme-values-oracle.json", import.meta.url), "utf8")) as {
  eofs: readonly Oracle[];
};

function expectNear(found: ArrayLike<number>, expected: readonly number[], tolerance = 1e-11): void {
  const scale = Math.max(...expected.map(Math.abs));
  expect(found).toHaveLength(expected.length);
  expected.forEach((value, i) => {
    expect(Math.abs((found[i] as number) - value)).toBeLessThanOrEqual(tolerance * scale);
  });
}

const valuesOf = ({ field }: Oracle): Float64Array => Float64Array.from(field, (value) => value ?? Number.NaN);

describe.each(eofs)("fitEof, $name", (oracle) => {
  const { samples, cells, weights } = oracle;

  it("has the variances, patterns and scores of numpy's SVD, signs fixed, missing cells left out", async () => {
    const fit = await fitEof(eofSource(valuesOf(oracle), samples), { weights, modes: { count: 3 } });
    expectNear(fit.variances, oracle.variances);
    expectNear([fit.totalVariance], [oracle.totalVariance]);
    expectNear(fit.patterns, oracle.patterns, 1e-10);
    expectNear(
      fit.errors,
      oracle.variances.map((variance) => variance * Math.sqrt(2 / samples)),
    );
    const seen = projectEof(fit, oracle.new);
    expectNear(seen.components, oracle.components, 1e-10);
    expectNear([seen.error, seen.hotelling], [oracle.error, oracle.hotelling], 1e-10);
    for (let c = 0; c < cells; c++) {
      expect(Number.isNaN(fit.mean[c])).toBe(
        valuesOf(oracle).some((value, at) => at % cells === c && Number.isNaN(value)),
      );
    }
  });

  it("gives the same in parts, and reads no more than maxBytes allow", async () => {
    const source = eofSource(valuesOf(oracle), samples);
    let largest = 0;
    const watched = {
      ...source,
      read: async (part: Parameters<typeof source.read>[0]) => {
        const values = await source.read(part);
        largest = Math.max(largest, values.length);
        return values;
      },
    };
    const size = Math.min(samples, cells);
    const fit = await fitEof(watched, { weights, modes: { count: 3 }, maxBytes: 32 * size ** 2 });
    expectNear(fit.patterns, oracle.patterns, 1e-10);
    expect(largest).toBeLessThanOrEqual(size ** 2);
    await expect(fitEof(source, { weights, maxBytes: 32 * size ** 2 - 1 })).rejects.toThrow(/maxBytes/);
  });

  it("takes as many modes as explain a share, and all of them leave nothing of a sample", async () => {
    const source = eofSource(valuesOf(oracle), samples);
    const most = await fitEof(source, { weights, modes: { explained: 0.8 } });
    const explained = Array.from(most.explained).reduce((sum, share) => sum + share, 0);
    expect(explained).toBeGreaterThanOrEqual(0.8);
    expect(explained - (most.explained.at(-1) as number)).toBeLessThan(0.8);
    const all = await fitEof(source, { weights, modes: { explained: 1 } });
    // Rounding of cells around 280.
    expect(projectEof(all, valuesOf(oracle)).error).toBeLessThan(1e-22);
    expect(projectEof(all, oracle.new).error > 1e-3).toBe(cells > samples);
  });
});

describe("fitEof refuses", () => {
  const source = eofSource(Float64Array.of(1, 2, 3, 5, 8, 13), 3);
  it.each([
    ["modes that there are not", { modes: { count: 3 } }, /have 2/],
    ["a share above 1", { modes: { explained: 1.5 } }, /explained/],
    ["weights of another length", { weights: [1] }, /one per cell/],
  ])("%s", async (_, options, message) => {
    await expect(fitEof(source, options)).rejects.toThrow(message);
  });

  it("fields without variance, or without a cell that is never missing", async () => {
    await expect(fitEof(eofSource(new Float64Array(12), 4))).rejects.toThrow(/no variance/);
    await expect(fitEof(eofSource(Float64Array.of(1, 2, Number.NaN), 3))).rejects.toThrow(/missing in some sample/);
  });
});
