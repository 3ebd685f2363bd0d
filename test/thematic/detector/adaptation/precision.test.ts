import { RandomStream, solveSymmetric } from "twinloom";
import { describe, expect, it } from "vitest";
import { EnergyBasis } from "../../../../thematic/detector/adaptation/energy-basis.ts";
import {
  logSpreadOf,
  marginalPrecision,
  precisionOf,
  squaredDistance,
  times,
} from "../../../../thematic/detector/adaptation/precision.ts";

const SIZE = 4;
const COVARIANCE = Float64Array.of(4, 1, 0, 0.5, 1, 2, 0.3, 0, 0, 0.3, 1, -0.4, 0.5, 0, -0.4, 3);

function inverseOf(matrix: Float64Array, size: number): Float64Array {
  const columns = Array.from({ length: size }, (_, i) =>
    solveSymmetric(matrix, new Float64Array(size).fill(1, i, i + 1)),
  );
  return Float64Array.from({ length: size * size }, (_, at) => columns[at % size]?.[Math.floor(at / size)] as number);
}

/** Normal rows with {@link COVARIANCE}, every `bad`th of them a thousand times too large in one column. */
function rowsOf(count: number, bad: number): Float64Array {
  const random = new RandomStream({ seed: 3n, id: 0n });
  const root = new Float64Array(SIZE * SIZE);
  for (let i = 0; i < SIZE; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = COVARIANCE[i * SIZE + j] as number;
      for (let k = 0; k < j; k++) sum -= (root[i * SIZE + k] as number) * (root[j * SIZE + k] as number);
      root[i * SIZE + j] = i === j ? Math.sqrt(sum) : sum / (root[j * SIZE + j] as number);
    }
  }
  const rows = new Float64Array(count * SIZE);
  for (let row = 0; row < count; row++) {
    const normal = Array.from({ length: SIZE }, () => random.normal());
    for (let i = 0; i < SIZE; i++) {
      rows[row * SIZE + i] = normal.reduce((sum, value, k) => sum + value * (root[i * SIZE + k] as number), 0);
    }
    if (row % bad === 0) rows[row * SIZE + 1] = 1000 * (rows[row * SIZE + 1] as number);
  }
  return rows;
}

function largestDifference(a: Float64Array, b: Float64Array): number {
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));
}

describe("a precision matrix", () => {
  it("of rows is the inverse of their covariance, but for what t and shrinkage do to it", () => {
    const truth = inverseOf(COVARIANCE, SIZE);
    // Of normal rows the t distribution's scatter is a little less than the covariance.
    expect(largestDifference(precisionOf(rowsOf(40_000, Number.POSITIVE_INFINITY), SIZE), truth)).toBeLessThan(0.08);
    // A plain covariance would be ten thousand times too large in the bad column.
    const robust = precisionOf(rowsOf(40_000, 100), SIZE);
    for (let i = 0; i < SIZE; i++) {
      const ratio = (robust[i * SIZE + i] as number) / (truth[i * SIZE + i] as number);
      expect(ratio, `column ${i}`).toBeGreaterThan(0.5);
      expect(ratio, `column ${i}`).toBeLessThan(1.5);
    }
  });

  it("of rows with a column of zeros is refused", () => {
    const rows = rowsOf(100, 1000).map((value, i) => (i % SIZE === 2 ? 0 : value));
    expect(() => precisionOf(rows, SIZE)).toThrow(expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }));
  });

  it("tells by how much each column of other rows is spread more, or less, whatever bad rows there are", () => {
    const truth = inverseOf(COVARIANCE, SIZE);
    const factors = [1.2, 0.7, 1, 1.5];
    const plain = logSpreadOf(rowsOf(20_000, 100), truth);
    const other = logSpreadOf(
      rowsOf(20_000, 100).map((value, i) => value * (factors[i % SIZE] as number)),
      truth,
    );
    factors.forEach((factor, i) => {
      expect(Math.abs((other[i] as number) - (plain[i] as number) - Math.log(factor)), `column ${i}`).toBeLessThan(
        1e-6,
      );
    });
    // A standard error is 0.004; the t distribution's scatter is a little less than the covariance.
    const good = logSpreadOf(rowsOf(20_000, Number.POSITIVE_INFINITY), truth);
    for (const value of good) expect(Math.abs(value)).toBeLessThan(0.06);
  });

  it("without some components is the inverse of what is left of the covariance", () => {
    const truth = inverseOf(COVARIANCE, SIZE);
    const left = marginalPrecision(truth, SIZE, [1, 3]);
    const wanted = inverseOf(Float64Array.of(4, 0, 0, 1), 2);
    const found = Float64Array.of(left[0] as number, left[2] as number, left[8] as number, left[10] as number);
    expect(largestDifference(found, wanted)).toBeLessThan(1e-14);
    const gone = left.filter((_, at) => [1, 3].includes(at % SIZE) || [1, 3].includes(Math.floor(at / SIZE)));
    expect(gone.every((value) => value === 0)).toBe(true);
  });

  it("gives the same distance as the product with a vector does", () => {
    const precision = inverseOf(COVARIANCE, SIZE);
    const [vector, product] = [Float64Array.of(1, -2, 0.5, 3), new Float64Array(SIZE)];
    times(precision, vector, product);
    const distance = vector.reduce((sum, value, i) => sum + value * (product[i] as number), 0);
    expect(squaredDistance(precision, vector)).toBeCloseTo(distance, 12);
  });
});

describe("a basis in the logarithm of energy", () => {
  const basis = new EnergyBasis(1000, 100_000);

  it("has energies spread over the range and its parts, of which every half is as even", () => {
    const energies = basis.energies(800);
    for (const some of [energies, energies.subarray(0, 400)]) {
      const counts = new Array<number>(8).fill(0);
      for (const energy of some) counts[basis.range(energy, 8)] = (counts[basis.range(energy, 8)] as number) + 1;
      // Energies on an edge may be rounded to either side.
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
    }
    expect(basis.range(1, 8)).toBe(0);
    expect(basis.range(100_000, 8)).toBe(7);
  });

  it("has Legendre polynomials: orthogonal, and 1 at the upper end", () => {
    const [values, end] = [new Float64Array(5), new Float64Array(5)];
    basis.polynomials(100_000, end);
    expect(Array.from(end, (value) => Number(value.toFixed(12)))).toEqual([1, 1, 1, 1, 1]);
    const products = new Float64Array(25);
    const points = 4000;
    for (let i = 0; i < points; i++) {
      basis.polynomials(1000 * 100 ** ((i + 0.5) / points), values);
      for (let at = 0; at < 25; at++) {
        const product = (values[Math.floor(at / 5)] as number) * (values[at % 5] as number);
        products[at] = (products[at] as number) + product / points;
      }
    }
    products.forEach((product, at) => {
      expect(product).toBeCloseTo(at % 6 === 0 ? 1 / (2 * Math.floor(at / 5) + 1) : 0, 4);
    });
  });
});
