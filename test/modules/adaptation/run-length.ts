import { erf } from "../../../core/index.ts";

const NODES = 160;

/**
 * Average run length of a one-sided cumulative sum of standard normal values, started at 0: Page's integral equation by
 * Gauss and Legendre's quadrature (Nyström's method). Solves it otherwise than the module, which has a formula.
 */
export function exactRunLength(allowance: number, threshold: number): number {
  const { nodes, weights } = gaussLegendre();
  const points = [0, ...nodes.map((node) => (threshold * (node + 1)) / 2)];
  const rows = points.map((from, i) => {
    const row = points.map((to, j) => {
      const density = Math.exp(-0.5 * (to + allowance - from) ** 2) / Math.sqrt(2 * Math.PI);
      const part =
        j === 0
          ? 0.5 * (1 + erf((allowance - from) / Math.SQRT2))
          : ((weights[j - 1] as number) * threshold * density) / 2;
      return (i === j ? 1 : 0) - part;
    });
    return [...row, 1];
  });
  return solve(rows)[0] as number;
}

function gaussLegendre(): { readonly nodes: readonly number[]; readonly weights: readonly number[] } {
  const nodes: number[] = [];
  const weights: number[] = [];
  for (let i = 0; i < NODES; i++) {
    let node = Math.cos((Math.PI * (i + 0.75)) / (NODES + 0.5));
    let slope = 1;
    for (let step = 0; step < 20; step++) {
      let [value, before] = [1, 0];
      for (let k = 0; k < NODES; k++) [value, before] = [((2 * k + 1) * node * value - k * before) / (k + 1), value];
      slope = (NODES * (node * value - before)) / (node * node - 1);
      node -= value / slope;
    }
    nodes.push(node);
    weights.push(2 / ((1 - node * node) * slope * slope));
  }
  return { nodes, weights };
}

/** By Gauss's elimination with pivots; each row ends with its right-hand side. */
function solve(rows: number[][]): readonly number[] {
  const n = rows.length;
  const at = (i: number, j: number) => (rows[i] as number[])[j] as number;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column; i < n; i++) if (Math.abs(at(i, column)) > Math.abs(at(pivot, column))) pivot = i;
    [rows[column], rows[pivot]] = [rows[pivot] as number[], rows[column] as number[]];
    for (let i = column + 1; i < n; i++) {
      const factor = at(i, column) / at(column, column);
      const row = rows[i] as number[];
      for (let j = column; j <= n; j++) row[j] = (row[j] as number) - factor * at(column, j);
    }
  }
  const solution = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    let rest = at(i, n);
    for (let j = i + 1; j < n; j++) rest -= at(i, j) * (solution[j] as number);
    solution[i] = rest / at(i, i);
  }
  return solution;
}
