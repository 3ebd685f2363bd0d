import type { Series } from "../../../core/index.ts";

/** How a series looks: told apart by colour, and without colour by dash or marker. */
export interface SeriesStyle {
  readonly color: string;
  readonly dash: readonly number[];
  /** A symbol name of Vega. */
  readonly shape: string;
  /** The series that others are compared with: histograms of it are filled. */
  readonly isReference: boolean;
}

/** Colour of axes, text and the first series: black on paper, light on a dark page. */
export const INK = "currentColor";

/**
 * Colours that people with any colour vision tell apart, without the yellow that is too light on white.
 *
 * @see Source: M. Okabe, K. Ito, "Color Universal Design", 2008, https://jfly.uni-koeln.de/color/. Deviation: the order,
 *   strongest contrast first, and ink for black.
 */
const COLORS = [INK, "#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const DASHES: readonly (readonly number[])[] = [[], [], [8, 4], [2, 3], [10, 3, 2, 3], [5, 2], [12, 4], [3, 6]];
const SHAPES = ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-right"];

/** Styles in the order of the series. The one that others are divided by is ink, whatever its place. */
export function seriesStyles(series: readonly Series[], ratioTo: string | undefined): readonly SeriesStyle[] {
  const reference = series.findIndex(({ name }) => name === ratioTo);
  let next = reference >= 0 ? 1 : 0;
  return series.map((_, index) => {
    const place = index === reference ? 0 : next++;
    return {
      color: cycle(COLORS, place),
      dash: cycle(DASHES, place),
      shape: cycle(SHAPES, place),
      isReference: index === reference,
    };
  });
}

function cycle<T>(values: readonly T[], index: number): T {
  return values[index % values.length] as T;
}
