import { boundsOf, type Dataset, type Variable } from "../../../core/index.ts";

/** The edges of cells along a latitude or longitude, increasing, and which cell of the data each is. */
export interface GridEdges {
  /** `[cell + 1]`, degrees. */
  readonly edges: readonly number[];
  /** `[cell]`: index in the data; -1 between cells whose bounds leave a gap. */
  readonly order: readonly number[];
  /** Whether they are those of the bounds; else they lie in the middle between coordinates. */
  readonly areBounds: boolean;
}

/**
 * Edges from bounds, with cells of their own where these leave gaps, else in the middle between neighbours. Descending coordinates
 * are turned; longitudes that go round the Earth begin at 180 °W, others go on where they jump.
 *
 * @returns Nothing where the coordinates do not go one way.
 */
export async function gridEdges(
  dataset: Dataset,
  name: string,
  { kind, otherSpacing, signal }: EdgeOptions,
): Promise<GridEdges | undefined> {
  const coordinate = dataset.variables[name] as Variable;
  const given = (await coordinate.read({}, { signal })).toFloat64();
  const values = kind === "lon" ? unwound(given) : given;
  const isTurned = values.length > 1 && (values[1] as number) < (values[0] as number);
  const order = Array.from(values, (_, i) => (isTurned ? values.length - 1 - i : i));
  const middles = order.map((i) => values[i] as number);
  if (!middles.every((value, i) => Number.isFinite(value) && (i === 0 || value > (middles[i - 1] as number)))) {
    return undefined;
  }
  const bounds = boundsOf(dataset, coordinate);
  const isPair = bounds?.shape.length === 2 && bounds.shape[1] === 2;
  const stated = isPair ? (await bounds.read({}, { signal })).toFloat64() : undefined;
  const joined = stated && boundEdges(stated, { order, middles, turn: kind === "lon" });
  const areBounds = joined !== undefined;
  const cells = joined ?? { edges: middleEdges(middles, otherSpacing), order };
  if (kind === "lat") {
    return { ...cells, edges: cells.edges.map((edge) => Math.min(90, Math.max(-90, edge))), areBounds };
  }
  return { ...fromDateLine(cells.edges, cells.order), areBounds };
}

/** What {@link gridEdges} needs to know. */
export interface EdgeOptions {
  readonly kind: "lat" | "lon";
  /** Width of a single cell without bounds, degrees. */
  readonly otherSpacing: number;
  readonly signal?: AbortSignal | undefined;
}

/** Longitudes that go on beyond 360 where they jump back. */
function unwound(values: Float64Array): Float64Array {
  const result = Float64Array.from(values);
  const jumps = Array.from(values).filter((value, i) => i > 0 && Math.abs(value - (values[i - 1] as number)) > 180);
  if (jumps.length !== 1) return result;
  for (let i = 1; i < result.length; i++) {
    const before = result[i - 1] as number;
    result[i] = (result[i] as number) - 360 * Math.round(((result[i] as number) - before) / 360);
  }
  return result;
}

/** Bounds that overlap, or are not around their coordinate, are none. */
function boundEdges(
  bounds: Float64Array,
  {
    order,
    middles,
    turn,
  }: { readonly order: readonly number[]; readonly middles: readonly number[]; readonly turn: boolean },
): Pick<GridEdges, "edges" | "order"> | undefined {
  const cells = order.map((i, at) => {
    // Bounds of 359 and 1 around 0, say.
    const near = (edge: number): number =>
      turn ? edge - 360 * Math.round((edge - (middles[at] as number)) / 360) : edge;
    const [one, other] = [near(bounds[2 * i] as number), near(bounds[2 * i + 1] as number)];
    return [Math.min(one, other), Math.max(one, other)] as const;
  });
  const [edges, all]: [number[], number[]] = [[], []];
  for (const [at, [low, high]] of cells.entries()) {
    const middle = middles[at] as number;
    const slack = (high - low) / 1000;
    const before = edges.at(-1) ?? low;
    if (!(high > low && middle >= low - slack && middle <= high + slack && low >= before - slack)) return undefined;
    if (edges.length === 0) edges.push(low);
    else if (low > before + slack) {
      edges.push(low);
      all.push(-1);
    }
    edges.push(high);
    all.push(order[at] as number);
  }
  return { edges, order: all };
}

function middleEdges(middles: readonly number[], width: number): readonly number[] {
  const count = middles.length;
  const at = (i: number): number => middles[i] as number;
  if (count === 1) return [at(0) - width / 2, at(0) + width / 2];
  const inner = middles.slice(1).map((value, i) => (value + at(i)) / 2);
  return [at(0) - (at(1) - at(0)) / 2, ...inner, at(count - 1) + (at(count - 1) - at(count - 2)) / 2];
}

/** Where longitudes go once around, they begin at the cell after 180. */
function fromDateLine(edges: readonly number[], order: readonly number[]): Pick<GridEdges, "edges" | "order"> {
  const [west, east] = [edges[0] as number, edges.at(-1) as number];
  const width = (east - west) / order.length;
  // A last column that repeats the first is left out.
  if (east - west > 360 + width / 2) return fromDateLine(edges.slice(0, -1), order.slice(0, -1));
  if (east - west > 360) return { edges: [...edges.slice(0, -1), west + 360], order };
  // All of it in the west.
  if (west >= 180) return { edges: edges.map((edge) => edge - 360), order };
  const isRound = Math.abs(east - west - 360) < width / 100;
  const split = isRound ? order.findIndex((_, i) => ((edges[i] as number) + (edges[i + 1] as number)) / 2 >= 180) : -1;
  if (split <= 0) return { edges, order };
  return {
    // The last edge of the data is the first one, a turn further.
    edges: [...edges.slice(split).map((edge) => edge - 360), ...edges.slice(1, split + 1)],
    order: [...order.slice(split), ...order.slice(0, split)],
  };
}
