import { InvalidArgumentError } from "../errors/invalid-argument.ts";

/** A symmetric tridiagonal matrix. */
interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** `beside[i]` stands at (i, i + 1); the last one is 0. */
  readonly beside: Float64Array;
}

/**
 * Beside a largest element of 1 this is zero, well within what rounding has done to all elements: blocks of nothing but
 * rounding errors, as singular matrices have, would not converge otherwise.
 */
const NEGLIGIBLE = Number.EPSILON / 64;

/** An eigenvalue needs two or three steps; far more means numbers that are not finite. */
const MAX_STEPS = 60;

/** Eigenvalues of a symmetric matrix with their vectors. */
export interface SymmetricEigen {
  /** In ascending order. */
  readonly values: Float64Array;
  /** `[eigenvalue, component]` row-major; rows are orthonormal, their signs are not defined. */
  readonly vectors: Float64Array;
}

/**
 * Eigenvalues of a symmetric matrix in ascending order. Equal to numpy's `eigvalsh` within rounding of the largest.
 *
 * Householder reflections make the matrix tridiagonal, 2/3 n³ multiplications; QL steps with implicit shifts make that
 * diagonal.
 *
 * @param matrix - `[n, n]` row-major; only the lower triangle is read.
 * @throws `TWIN_INVALID_ARGUMENT` for another number of elements, or elements that are not finite.
 * @see G. H. Golub, C. F. Van Loan, "Matrix Computations", 4th ed., algorithms 8.3.1 and 8.3.2.
 */
export function symmetricEigenvalues(matrix: ArrayLike<number>, size: number): Float64Array {
  const { work, largest } = scaledCopy(matrix, size);
  return diagonalise(tridiagonalise(work, size))
    .map((value) => value * largest)
    .sort();
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix, by the steps of {@link symmetricEigenvalues} applied to the unit
 * matrix too; about 5 n³ multiplications in all.
 *
 * @param matrix - `[n, n]` row-major; only the lower triangle is read.
 * @throws `TWIN_INVALID_ARGUMENT` for another number of elements, or elements that are not finite.
 */
export function symmetricEigen(matrix: ArrayLike<number>, size: number): SymmetricEigen {
  const { work, largest } = scaledCopy(matrix, size);
  const tridiagonal = tridiagonalise(work, size);
  const rotated = reflections(work, size);
  const unordered = diagonalise(tridiagonal, rotated);
  const order = Array.from(unordered.keys()).sort((a, b) => (unordered[a] as number) - (unordered[b] as number));
  const vectors = new Float64Array(size * size);
  order.forEach((from, to) => {
    vectors.set(rotated.subarray(from * size, (from + 1) * size), to * size);
  });
  return { values: Float64Array.from(order, (from) => (unordered[from] as number) * largest), vectors };
}

/** With a largest element of 1, no square overflows, and what underflows is negligible. */
function scaledCopy(
  matrix: ArrayLike<number>,
  size: number,
): { readonly work: Float64Array; readonly largest: number } {
  if (!Number.isInteger(size) || size < 1 || matrix.length !== size * size) {
    throw new InvalidArgumentError(`A symmetric matrix of size ${size} has size² elements; got ${matrix.length}.`);
  }
  let largest = 0;
  for (let at = 0; at < matrix.length; at++) {
    const element = matrix[at] as number;
    if (!Number.isFinite(element)) throw new InvalidArgumentError("Eigenvalues need a matrix of finite numbers.");
    largest = Math.max(largest, Math.abs(element));
  }
  const work = Float64Array.from(matrix);
  if (largest > 0) for (let at = 0; at < work.length; at++) work[at] = (work[at] as number) / largest;
  return { work, largest };
}

/** By reflections from the last row upwards; leaves the vector of each in the row of `a` below the diagonal. */
function tridiagonalise(a: Float64Array, n: number): Tridiagonal {
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(n);
  const product = new Float64Array(n);
  for (let row = n - 1; row > 0; row--) {
    const at = row * n;
    const v = a.subarray(at, at + row);
    diagonal[row] = a[at + row] as number;
    const last = v[row - 1] as number;
    let rest = 0;
    for (let j = 0; j < row - 1; j++) rest += (v[j] as number) ** 2;
    if (rest <= NEGLIGIBLE ** 2) {
      beside[row - 1] = last;
      v.fill(0);
      continue;
    }
    // Reflects this row on its last element; the sign avoids cancellation.
    const norm = Math.sqrt(rest + last * last) * (last > 0 ? -1 : 1);
    beside[row - 1] = norm;
    v[row - 1] = last - norm;
    const beta = 1 / (norm * norm - last * norm);
    timesVector(a, { n, size: row, v, product });
    let projection = 0;
    for (let j = 0; j < row; j++) {
      const scaled = (product[j] as number) * beta;
      product[j] = scaled;
      projection += scaled * (v[j] as number);
    }
    const half = (projection * beta) / 2;
    for (let j = 0; j < row; j++) product[j] = (product[j] as number) - half * (v[j] as number);
    for (let i = 0; i < row; i++) {
      const vi = v[i] as number;
      const wi = product[i] as number;
      const target = a.subarray(i * n, i * n + i + 1);
      for (let j = 0; j <= i; j++) {
        target[j] = (target[j] as number) - vi * (product[j] as number) - wi * (v[j] as number);
      }
    }
  }
  diagonal[0] = a[0] as number;
  return { diagonal, beside };
}

/** `product` = A v for the leading block of `size`, from its lower triangle. */
function timesVector(
  a: Float64Array,
  on: { readonly n: number; readonly size: number; readonly v: Float64Array; readonly product: Float64Array },
): void {
  const { n, size, v, product } = on;
  product.fill(0, 0, size);
  for (let i = 0; i < size; i++) {
    const row = a.subarray(i * n, i * n + i + 1);
    const vi = v[i] as number;
    let sum = (row[i] as number) * vi;
    for (let j = 0; j < i; j++) {
      const element = row[j] as number;
      sum += element * (v[j] as number);
      product[j] = (product[j] as number) + element * vi;
    }
    product[i] = (product[i] as number) + sum;
  }
}

/** The product of the reflections that {@link tridiagonalise} left in `a`, transposed. */
function reflections(a: Float64Array, n: number): Float64Array {
  const product = new Float64Array(n * n);
  for (let row = 0; row < n; row++) {
    product[row * n + row] = 1;
    const v = a.subarray(row * n, row * n + row);
    let square = 0;
    for (let j = 0; j < row; j++) square += (v[j] as number) ** 2;
    if (square === 0) continue;
    for (let i = 0; i < row; i++) {
      const target = product.subarray(i * n, i * n + row);
      let projection = 0;
      for (let j = 0; j < row; j++) projection += (target[j] as number) * (v[j] as number);
      projection *= 2 / square;
      for (let j = 0; j < row; j++) target[j] = (target[j] as number) - projection * (v[j] as number);
    }
  }
  return product;
}

/** Chases the elements beside the diagonal to zero, one eigenvalue at a time; turns the rows of `vectors` along. */
function diagonalise({ diagonal, beside }: Tridiagonal, vectors?: Float64Array): Float64Array {
  const n = diagonal.length;
  for (let first = 0; first < n; first++) {
    for (let step = 0; ; step++) {
      const end = endOfBlock(diagonal, beside, first);
      if (end === first) break;
      if (step === MAX_STEPS) throw new InvalidArgumentError("The eigenvalues of the matrix do not converge.");
      rotateBlock({ diagonal, beside }, first, end, vectors);
    }
  }
  return diagonal;
}

/** The first place from `first` on beside which the element is negligible. */
function endOfBlock(diagonal: Float64Array, beside: Float64Array, first: number): number {
  let end = first;
  while (end < diagonal.length - 1) {
    const size = Math.abs(diagonal[end] as number) + Math.abs(diagonal[end + 1] as number);
    if (Math.abs(beside[end] as number) <= Number.EPSILON * size + NEGLIGIBLE) break;
    end++;
  }
  return end;
}

/** One QL step on [first, end], shifted by the eigenvalue of the leading 2 x 2 block that is nearer its corner. */
function rotateBlock({ diagonal, beside }: Tridiagonal, first: number, end: number, vectors?: Float64Array): void {
  const corner = diagonal[first] as number;
  const off = beside[first] as number;
  const ratio = ((diagonal[first + 1] as number) - corner) / (2 * off);
  const shift = corner - off / (ratio + Math.sign(ratio || 1) * Math.hypot(ratio, 1));
  let bulge = (diagonal[end] as number) - shift;
  let [sine, cosine, moved] = [1, 1, 0];
  for (let i = end - 1; i >= first; i--) {
    const above = sine * (beside[i] as number);
    const inRow = cosine * (beside[i] as number);
    const length = Math.hypot(above, bulge);
    beside[i + 1] = length;
    if (length === 0) {
      // The block falls apart here: the next step takes the parts.
      diagonal[i + 1] = (diagonal[i + 1] as number) - moved;
      beside[end] = 0;
      return;
    }
    sine = above / length;
    cosine = bulge / length;
    const kept = (diagonal[i + 1] as number) - moved;
    const turned = ((diagonal[i] as number) - kept) * sine + 2 * cosine * inRow;
    moved = sine * turned;
    diagonal[i + 1] = kept + moved;
    bulge = cosine * turned - inRow;
    if (vectors) rotateRows(vectors, { n: diagonal.length, row: i, sine, cosine });
  }
  diagonal[first] = (diagonal[first] as number) - moved;
  beside[first] = bulge;
  beside[end] = 0;
}

/** Turns a row and the next one by an angle. */
function rotateRows(
  rows: Float64Array,
  by: { readonly n: number; readonly row: number; readonly sine: number; readonly cosine: number },
): void {
  const { n, row, sine, cosine } = by;
  for (let at = row * n, end = at + n; at < end; at++) {
    const first = rows[at] as number;
    const second = rows[at + n] as number;
    rows[at] = cosine * first - sine * second;
    rows[at + n] = sine * first + cosine * second;
  }
}
