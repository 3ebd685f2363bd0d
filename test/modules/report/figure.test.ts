import { describe, expect, it } from "vitest";
import type { Figure, Series } from "../../../core/index.ts";
import { drawingOf } from "../../../modules/report/figure/drawing.ts";
import { renderFigure } from "../../../modules/report/figure/render-svg.ts";
import { comparison } from "./sample-figures.ts";
import { PANEL, parseSvg, pathOf, rulesOf, symbolsOf, textsOf } from "./svg-shapes.ts";

const draw = async (figure: Figure): Promise<string> => (await renderFigure(figure, "f")).svg;

const figureOf = (series: readonly Series[], axes: Partial<Figure> = {}): Figure => ({
  kind: "figure",
  caption: "A figure",
  x: { label: "x" },
  y: { label: "y" },
  series,
  ...axes,
});

/** Pixel of a value on an axis from `min` to `max`. */
const pixel = (value: number, [min, max]: readonly [number, number], size: number): number =>
  (size * (value - min)) / (max - min);

describe("a figure", () => {
  it("draws histogram values at their bin edges and heights", async () => {
    const { x, y } = drawingOf(comparison);
    const [run] = pathOf(await draw(comparison), "main-0-steps");
    const expected = [
      [0, 0],
      [0, 10],
      [1, 10],
      [1, 40],
      [2, 40],
      [2, 20],
      [4, 20],
      [4, 0],
    ].map(([at, value]) => [
      pixel(at as number, x, PANEL.width),
      PANEL.height - pixel(value as number, y, PANEL.height),
    ]);
    expect(run?.length).toBe(expected.length);
    run?.forEach(([px, py], index) => {
      expect(px).toBeCloseTo(expected[index]?.[0] as number, 2);
      expect(py).toBeCloseTo(expected[index]?.[1] as number, 2);
    });
  });

  it("draws points with their standard errors", async () => {
    const { x, y } = drawingOf(comparison);
    const svg = await draw(comparison);
    const at = (value: number): number => PANEL.height - pixel(value, y, PANEL.height);
    const [first, second] = symbolsOf(svg, "main-1-points");
    expect(first?.[0]).toBeCloseTo(pixel(0.5, x, PANEL.width), 2);
    expect(first?.[1]).toBeCloseTo(at(11), 2);
    expect(second?.[1]).toBeCloseTo(at(30), 2);
    const [bar] = rulesOf(svg, "main-1-errors");
    expect([bar?.[1], bar?.[2]].map(Number).sort((a, b) => a - b)).toEqual([
      expect.closeTo(at(12), 2),
      expect.closeTo(at(10), 2),
    ]);
  });

  it("draws the ratio on its own axis: numerator's error on the points, the reference's as a band", async () => {
    const { ratio } = drawingOf(comparison);
    expect(ratio?.domain).toEqual([0.5, 1.5]);
    const at = (value: number): number => PANEL.ratioHeight - pixel(value, [0.5, 1.5], PANEL.ratioHeight);
    const svg = await draw(comparison);
    const heights = symbolsOf(svg, "ratio-0-points").map(([, y]) => y);
    expect(heights).toEqual([1.1, 0.75, 1].map((value) => expect.closeTo(at(value), 2)));
    const [bar] = rulesOf(svg, "ratio-0-errors");
    expect(Math.abs((bar?.[2] ?? 0) - (bar?.[1] ?? 0))).toBeCloseTo(0.2 * PANEL.ratioHeight, 2);
    const band = pathOf(svg, "ratio-reference-band")[0]?.map(([, y]) => y) ?? [];
    expect(Math.min(...band)).toBeCloseTo(at(1.1), 2);
    expect(Math.max(...band)).toBeCloseTo(at(0.9), 2);
  });

  it("marks ratios beyond the axis with arrows at its edges", async () => {
    const x = Array.from({ length: 20 }, (_, index) => index);
    const ones = x.map(() => 1);
    const figure = figureOf(
      [
        { kind: "points", name: "reference", x, y: ones },
        { kind: "points", name: "model", x, y: ones.map((one, index) => (index === 3 ? 9 : index === 5 ? -4 : one)) },
      ],
      { ratioTo: "reference" },
    );
    expect(drawingOf(figure).ratio?.domain).toEqual([0.99, 1.01]);
    const [up, down] = symbolsOf(await draw(figure), "ratio-0-beyond");
    expect(up?.[1]).toBeLessThan(10);
    expect(down?.[1]).toBeGreaterThan(PANEL.ratioHeight - 10);
  });

  it("labels its axes with units and names its series", async () => {
    const texts = textsOf(await draw(comparison));
    expect(texts).toEqual(expect.arrayContaining(["layer", "mean energy [MeV]", "ratio", "Geant4", "GFLASH", "0.75"]));
  });

  it("writes powers of ten on logarithmic axes, and between 1 and 1000 plain numbers", async () => {
    const series: Series[] = [{ kind: "line", name: "a", x: [1, 10, 100], y: [1e-4, 1, 1e4] }];
    const texts = textsOf(
      await draw(figureOf(series, { x: { label: "x", scale: "log" }, y: { label: "y", scale: "log" } })),
    );
    expect(texts).toEqual(expect.arrayContaining(["10⁻⁴", "10⁻²", "1", "10²", "10⁴", "10", "100"]));
  });

  it("writes large numbers with one common power of ten", async () => {
    const texts = textsOf(await draw(figureOf([{ kind: "line", name: "a", x: [0, 1], y: [0, 2e6] }])));
    expect(texts).toEqual(expect.arrayContaining(["0", "0.2×10⁶", "1.0×10⁶", "2.0×10⁶"]));
  });

  it.each<[number, number, string[]]>([
    [0.88, 1.02, ["0.88", "0.90", "0.92", "1.00", "1.02"]],
    [0, 40, ["0", "10", "20", "30", "40"]],
    [-0.3, 0.3, ["−0.3", "−0.1", "0", "0.1", "0.3"]],
    [0, 3e-5, ["0", "0.5×10⁻⁵", "1.0×10⁻⁵", "3.0×10⁻⁵"]],
    [1e9, 1e9 + 4, ["1.0000000000×10⁹", "1.0000000005×10⁹"]],
  ])("writes the ticks from %d to %d with as many decimals each", async (min, max, labels) => {
    const figure = figureOf([], { x: { label: "x", min, max }, y: { label: "y", min: 1, max: 2 } });
    expect(textsOf(await draw(figure))).toEqual(expect.arrayContaining(labels));
  });

  it("keeps ratios off the edge of their axis, where a marker would be cut", () => {
    const y = [1, 1.049];
    const series: Series[] = [
      { kind: "points", name: "reference", x: [1, 2], y: [1, 1] },
      { kind: "points", name: "model", x: [1, 2], y },
    ];
    expect(drawingOf(figureOf(series, { ratioTo: "reference" })).ratio?.domain).toEqual([0.9, 1.1]);
  });

  it.each<[string, Series["y"], "linear" | "log"]>([
    ["denormal numbers", [5e-324, 1e-320], "linear"],
    ["denormal numbers on a logarithmic axis", [5e-324, 1], "log"],
    ["nothing but denormal numbers on a logarithmic axis", [5e-324, 5e-324], "log"],
    ["the largest numbers", [1e100, -1e100], "linear"],
    ["the largest and smallest numbers on a logarithmic axis", [1e100, 1e-100], "log"],
    ["numbers that differ in the last digit", [1, 1 + Number.EPSILON], "linear"],
  ])("draws %s", async (_, y, scale) => {
    const svg = await draw(figureOf([{ kind: "steps", name: "a", x: [0, 1, 2], y }], { y: { label: "y", scale } }));
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("leaves gaps where values are null, NaN or infinite", async () => {
    const x = [0, 1, 2, 3, 4, 5, 6, 7];
    const y = [1, 2, null, 3, Number.NaN, 4, Number.POSITIVE_INFINITY, 5];
    expect(pathOf(await draw(figureOf([{ kind: "line", name: "a", x, y }])), "main-0-line")).toHaveLength(4);
  });

  it("leaves out what a logarithmic axis cannot show, and says so", async () => {
    const figure = figureOf([{ kind: "points", name: "a", x: [1, 2, 3], y: [0, -1, 5], yError: [1, 1, 9] }], {
      y: { label: "y", scale: "log" },
    });
    const { svg, notes } = await renderFigure(figure, "f");
    expect(symbolsOf(svg, "main-0-points")).toHaveLength(1);
    expect(notes).toEqual(["2 values of a at or below zero cannot be shown on a logarithmic axis."]);
    expect(svg).not.toMatch(/NaN|Infinity/);
  });

  it.each<[string, Figure]>([
    ["no series", figureOf([])],
    ["an empty series", figureOf([{ kind: "points", name: "a", x: [], y: [] }])],
    ["an empty histogram", figureOf([{ kind: "steps", name: "a", x: [0], y: [] }])],
    ["only gaps", figureOf([{ kind: "steps", name: "a", x: [0, 1, 2], y: [null, null] }], { ratioTo: "a" })],
    [
      "only gaps, logarithmic",
      figureOf([{ kind: "line", name: "a", x: [0], y: [0] }], { y: { label: "y", scale: "log" } }),
    ],
  ])("with %s is drawn, and says that there is nothing", async (_, figure) => {
    const { svg, notes } = await renderFigure(figure, "f");
    parseSvg(svg);
    expect(notes).toContain("There are no values to show.");
    expect(textsOf(svg)).toContain("no data");
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it.each<[string, Figure]>([
    ["a single point", figureOf([{ kind: "points", name: "a", x: [5], y: [5] }])],
    ["a single point at zero", figureOf([{ kind: "points", name: "a", x: [0], y: [0] }])],
    [
      "limits beyond the data",
      figureOf([{ kind: "line", name: "a", x: [0, 1], y: [1, 2] }], { y: { label: "y", min: 5 } }),
    ],
    ["a reference that is zero", { ...comparison, series: comparison.series.map((s) => ({ ...s, y: [0, 0, 0] })) }],
    ["tiny numbers", figureOf([{ kind: "line", name: "a", x: [1e-300, 2e-300], y: [1e-300, 3e-300] }])],
  ])("with %s has finite coordinates only", async (_, figure) => {
    const svg = await draw(figure);
    parseSvg(svg);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("of ten thousand points stays under two megabytes", async () => {
    const x = Array.from({ length: 10_000 }, (_, index) => index);
    const svg = await draw(figureOf([{ kind: "points", name: "a", x, y: x.map((value) => Math.sin(value)) }]));
    expect(symbolsOf(svg, "main-0-points")).toHaveLength(10_000);
    expect(svg.length).toBeLessThan(2e6);
  });

  it("tells in words what it shows", async () => {
    const svg = await draw(comparison);
    expect(parseSvg(svg)).toMatchObject({
      svg: {
        title: { "#text": "Energy per layer" },
        desc: {
          "#text":
            "mean energy [MeV] against layer. Series: Geant4 (3 values), GFLASH (3 values). Below: the ratio to Geant4.",
        },
        "@_role": "img",
        "@_aria-labelledby": "f-title f-description",
      },
    });
  });

  it("tells seven series apart without colour", () => {
    const { series } = drawingOf(
      figureOf(Array.from({ length: 7 }, (_, index) => ({ kind: "points", name: `s${index}`, x: [1], y: [1] }))),
    );
    expect(new Set(series.map(({ style }) => style.shape)).size).toBe(7);
    expect(new Set(series.map(({ style }) => style.color)).size).toBe(7);
  });
});
