import { quantiles } from "../../../core/index.ts";

/** Ends of colours: quantiles of what is drawn, so that a few odd cells do not make all others look alike. */
const ENDS = [0.02, 0.98];

/** How values become colours. */
export interface ColorRange {
  readonly min: number;
  readonly max: number;
  readonly palette: "sequential" | "diverging";
}

/** The range of the colours of a map; nothing where no value is there. */
export function colorRange(values: Iterable<number>, isDiverging: boolean): ColorRange | undefined {
  const finite = Float64Array.from(values).filter(Number.isFinite);
  if (finite.length === 0) return undefined;
  const [low, high] = quantiles(finite, ENDS) as [number, number];
  if (isDiverging) {
    const end = Math.max(Math.abs(low), Math.abs(high)) || 1;
    return { min: -end, max: end, palette: "diverging" };
  }
  if (high > low) return { min: low, max: high, palette: "sequential" };
  const room = Math.abs(low) / 20 || 1;
  return { min: low - room, max: low + room, palette: "sequential" };
}

/** How a caption tells of {@link colorRange}. */
export function rangeText({ palette }: ColorRange): string {
  return palette === "diverging"
    ? "Colours are alike on both sides of 0, up to the 2 % or 98 % quantile of the cells."
    : "Colours go from the 2 % to the 98 % quantile of the cells.";
}
