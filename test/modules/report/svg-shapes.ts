import { XMLParser, XMLValidator } from "fast-xml-parser";

/** Coordinates in a panel, pixels from its top left corner. */
export type Point = readonly [number, number];

/** Pixels of a panel, as `figure-spec.ts` lays it out. */
export const PANEL = { width: 520, height: 300, ratioHeight: 100 } as const;

/** @throws Error unless the text is well-formed XML. */
export function parseSvg(svg: string): Record<string, unknown> {
  const valid = XMLValidator.validate(svg);
  if (valid !== true) throw new Error(`Not XML: ${valid.err.msg} at ${valid.err.line}:${valid.err.col}`);
  return new XMLParser({ ignoreAttributes: false, preserveOrder: false }).parse(svg);
}

/** Vertices of the path of a line mark, gaps as new sub-paths. */
export function pathOf(svg: string, mark: string): readonly (readonly Point[])[] {
  const path = new RegExp(`class="mark-(?:line|area) [^"]*\\b${mark}"[^>]*><path[^>]*? d="([^"]*)"`).exec(svg)?.[1];
  if (path === undefined) throw new Error(`No mark ${mark}.`);
  return path
    .split("M")
    .filter(Boolean)
    .map((run) =>
      run.split("L").map((pair): Point => pair.replace("Z", "").split(",").map(Number) as [number, number]),
    );
}

/** Centres of the symbols of a mark. */
export function symbolsOf(svg: string, mark: string): readonly Point[] {
  const group = new RegExp(`class="mark-symbol [^"]*\\b${mark}"[^>]*>(.*?)</g>`).exec(svg)?.[1] ?? "";
  return [...group.matchAll(/translate\(([-\d.e]+),([-\d.e]+)\)/g)].map(([, x, y]): Point => [Number(x), Number(y)]);
}

/** Ends of the vertical rules of a mark: x, and y from and to. */
export function rulesOf(svg: string, mark: string): readonly (readonly [number, number, number])[] {
  const group = new RegExp(`class="mark-rule [^"]*\\b${mark}"[^>]*>(.*?)</g>`).exec(svg)?.[1] ?? "";
  return [...group.matchAll(/translate\(([-\d.e]+),([-\d.e]+)\)" x2="[-\d.e]+" y2="([-\d.e]+)"/g)].map(
    ([, x, y, length]) => [Number(x), Number(y), Number(y) + Number(length)] as const,
  );
}

/** Texts of the SVG, in order. */
export function textsOf(svg: string): readonly string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text as string);
}
