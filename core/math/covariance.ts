import { InvalidArgumentError } from "../errors/invalid-argument.ts";

/** Rows gathered before they are added: two blocks of 362 columns fit a second-level cache. */
const BLOCK = 64;

/** Mean and sample covariance of rows. */
export interface MeanAndCovariance {
  readonly mean: Float64Array;
  /** `[size, size]` row-major, symmetric, divided by n - 1. */
  readonly covariance: Float64Array;
}

/**
 * Mean and covariance of rows added one by one, at any time. Exact to rounding while the means are not much larger than
 * the spreads; give an `origin` near the mean where they are.
 */
export class RunningCovariance {
  readonly #size: number;
  /** Columns rounded up to pairs; one beyond is zero. */
  readonly #padded: number;
  readonly #origin: ArrayLike<number> | undefined;
  readonly #sums: Float64Array;
  readonly #products: Float64Array;
  /** `[column, row in block]`. */
  readonly #block: Float64Array;
  #inBlock = 0;
  #count = 0;

  constructor(size: number, origin?: ArrayLike<number>) {
    this.#size = size;
    this.#padded = Math.ceil(size / 2) * 2;
    this.#origin = origin;
    this.#sums = new Float64Array(size);
    this.#products = new Float64Array(this.#padded ** 2);
    this.#block = new Float64Array(this.#padded * BLOCK);
  }

  get count(): number {
    return this.#count;
  }

  /** Adds the row of `rows` that begins at `from`. */
  add(rows: ArrayLike<number>, from: number = 0): void {
    const origin = this.#origin;
    for (let i = 0, at = this.#inBlock; i < this.#size; i++, at += BLOCK) {
      const value = (rows[from + i] as number) - (origin ? (origin[i] as number) : 0);
      this.#block[at] = value;
      this.#sums[i] = (this.#sums[i] as number) + value;
    }
    this.#count++;
    if (++this.#inBlock === BLOCK) this.#flush();
  }

  /**
   * Of all rows so far.
   *
   * @throws `TWIN_INVALID_ARGUMENT` for fewer than two rows.
   */
  result(): MeanAndCovariance {
    const n = this.#count;
    if (n < 2) throw new InvalidArgumentError(`A covariance needs at least 2 rows; got ${n}.`);
    this.#flush();
    const size = this.#size;
    const covariance = new Float64Array(size * size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j <= i; j++) {
        const product = this.#products[i * this.#padded + j] as number;
        const value = (product - ((this.#sums[i] as number) * (this.#sums[j] as number)) / n) / (n - 1);
        covariance[i * size + j] = value;
        covariance[j * size + i] = value;
      }
    }
    const origin = this.#origin;
    return { mean: this.#sums.map((sum, i) => sum / n + (origin ? (origin[i] as number) : 0)), covariance };
  }

  /** Adds the products of the rows in the block, lower triangle, in tiles of two by two that stay in registers. */
  #flush(): void {
    const block = this.#block;
    const products = this.#products;
    const width = this.#padded;
    for (let i = 0; i < width; i += 2) {
      const row = i * BLOCK;
      for (let j = 0; j <= i; j += 2) {
        const column = j * BLOCK;
        let [p00, p01, p10, p11] = [0, 0, 0, 0];
        for (let k = 0; k < BLOCK; k++) {
          const x0 = block[row + k] as number;
          const x1 = block[row + BLOCK + k] as number;
          const y0 = block[column + k] as number;
          const y1 = block[column + BLOCK + k] as number;
          p00 += x0 * y0;
          p01 += x0 * y1;
          p10 += x1 * y0;
          p11 += x1 * y1;
        }
        const at = i * width + j;
        products[at] = (products[at] as number) + p00;
        products[at + 1] = (products[at + 1] as number) + p01;
        products[at + width] = (products[at + width] as number) + p10;
        products[at + width + 1] = (products[at + width + 1] as number) + p11;
      }
    }
    block.fill(0);
    this.#inBlock = 0;
  }
}
