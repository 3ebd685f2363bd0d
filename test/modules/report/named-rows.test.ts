import { describe, expect, it } from "vitest";
import { createTwin, type Figure, MOST_AXIS_NAMES } from "../../../core/index.ts";
import { drawingOf } from "../../../modules/report/figure/drawing.ts";
import { renderFigure } from "../../../modules/report/figure/render-svg.ts";
import { shortened, textWidth } from "../../../modules/report/figure/text-width.ts";
import { report } from "../../../modules/report/index.ts";
import { comparison } from "./sample-figures.ts";
import { type Point, parseSvg, pathOf, rulesOf, symbolsOf, textsOf } from "./svg-shapes.ts";

const ROW_HEIGHT = 24;
/** Where text of names ends, pixels left of the panel. */
const NAME_GAP = 12;

/** Three metrics of two versions, the second of each `factor` times the first. */
function versions(factor: number = 1.5, names: readonly string[] = ["AUC", "separation of layers", "FPD"]): Figure {
  const x = names.map((_, place) => place);
  const y = names.map((_, place) => 10 ** -place);
  return {
    kind: "figure",
    caption: "Metrics",
    x: { label: "metric", names },
    y: { label: "value", scale: "log" },
    ratioTo: "v1",
    series: [
      { kind: "points", name: "v1", x, y, yError: y.map((value) => value / 10) },
      { kind: "points", name: "v2", x, y: y.map((value) => value * factor) },
    ],
  };
}

const draw = async (figure: Figure): Promise<string> => (await renderFigure(figure, "f")).svg;

/** Width and height of a panel, by its name. */
function panelSize(svg: string, panel: string): Point {
  const path = new RegExp(`class="mark-group role-scope ${panel}"[^>]*><g [^>]*><path [^>]*? d="([^"]*)"`).exec(
    svg,
  )?.[1];
  const size = /h([\d.]+)v([\d.]+)/.exec(path ?? "");
  if (!size) throw new Error(`No panel ${panel}.`);
  return [Number(size[1]), Number(size[2])];
}

/** Names as they are drawn, with the height of each. */
function namesOf(svg: string): readonly { readonly name: string; readonly y: number; readonly left: number }[] {
  const group = /class="mark-text role-mark names"[^>]*>(.*?)<\/g>/.exec(svg)?.[1] ?? "";
  const left = Number(/<g fill="none"[^>]*transform="translate\(([\d.]+),/.exec(svg)?.[1]);
  return [...group.matchAll(/<text text-anchor="end" transform="translate\(-12,([\d.]+)\)"[^>]*>([^<]*)</g)].map(
    ([, y, name]) => ({ name: name as string, y: Number(y), left }),
  );
}

describe("a figure with names", () => {
  it("has a row for each name, from the top, with its points at their values", async () => {
    const figure = versions();
    const svg = await draw(figure);
    const names = namesOf(svg);
    expect(names.map(({ name }) => name)).toEqual(figure.x.names);
    const top = (names[0]?.y ?? 0) - ROW_HEIGHT / 2;
    expect(names.map(({ y }) => y - top)).toEqual([12, 36, 60]);
    const [width, height] = panelSize(svg, "main");
    expect(height).toBe(3 * ROW_HEIGHT);
    const [low, high] = drawingOf(figure).y.map(Math.log10) as [number, number];
    const at = (value: number): number => (width * (Math.log10(value) - low)) / (high - low);
    const [first, second] = [symbolsOf(svg, "main-0-points"), symbolsOf(svg, "main-1-points")];
    expect(first.map(([x]) => x)).toEqual([1, 0.1, 0.01].map((value) => expect.closeTo(at(value), 2)));
    expect(second.map(([x]) => x)).toEqual([1.5, 0.15, 0.015].map((value) => expect.closeTo(at(value), 2)));
    // Beside each other in the row: equal values would hide each other.
    expect(first.map(([, y]) => y)).toEqual([12, 36, 60].map((y) => expect.closeTo(y - 0.15 * ROW_HEIGHT, 2)));
    expect(second.map(([, y]) => y)).toEqual([12, 36, 60].map((y) => expect.closeTo(y + 0.15 * ROW_HEIGHT, 2)));
  });

  it("has ratios beside them, the reference's error as a band across each row", async () => {
    const svg = await draw(versions(1.25));
    const [width, height] = panelSize(svg, "ratio");
    expect(height).toBe(3 * ROW_HEIGHT);
    expect(drawingOf(versions(1.25)).ratio).toMatchObject({ scale: "linear", domain: [0.5, 1.5] });
    const expected = [12, 36, 60].map((y) => [expect.closeTo(0.75 * width, 2), expect.closeTo(y, 2)]);
    expect(symbolsOf(svg, "ratio-0-points")).toEqual(expected);
    const band = pathOf(svg, "ratio-reference-band").flat();
    expect(Math.min(...band.map(([x]) => x))).toBeCloseTo(0.4 * width, 2);
    expect(Math.max(...band.map(([x]) => x))).toBeCloseTo(0.6 * width, 2);
    expect(Math.max(...band.map(([, y]) => y))).toBeCloseTo(height, 2);
  });

  it.each<[number, readonly [number, number]]>([
    [3, [1 / 5, 5]],
    [0.4, [1 / 5, 5]],
    [1 / 7, [1 / 10, 10]],
    [1000, [1 / 100, 100]],
  ])("has ratios of %d on a logarithmic axis", (factor, domain) => {
    expect(drawingOf(versions(factor)).ratio).toMatchObject({ scale: "log", domain });
  });

  it("has ratios of values of both signs on a linear axis, with arrows beyond it", async () => {
    const figure = { ...versions(-4), y: { label: "value" } };
    expect(drawingOf(figure).ratio).toMatchObject({ scale: "linear", domain: [0, 2] });
    const arrows = symbolsOf(await draw(figure), "ratio-0-beyond");
    expect(arrows).toHaveLength(3);
    for (const [x] of arrows) expect(x).toBeLessThan(10);
  });

  it("has arrows for values beyond its axis, and says so", async () => {
    const figure = { ...versions(), y: { label: "value", scale: "log", min: 0.05 } } as const;
    const { svg, notes } = await renderFigure(figure, "f");
    expect(symbolsOf(svg, "main-0-beyond")).toEqual([[expect.closeTo(5), expect.closeTo(60 - 3.6)]]);
    expect(notes).toEqual(["2 values are beyond the axis: arrows."]);
  });

  it("has whole markers for zeros", async () => {
    const zero = { kind: "points", name: "v1", x: [0, 1], y: [0, 1] } as const;
    const svg = await draw({ ...versions(), y: { label: "value" }, series: [zero] });
    const [[x] = [0]] = symbolsOf(svg, "main-0-points");
    expect(x).toBeGreaterThan(4);
  });

  it("has bars of errors along the values", async () => {
    const svg = await draw({ ...versions(), y: { label: "value", min: 0, max: 2 } });
    const [width] = panelSize(svg, "main");
    const group = /class="mark-rule [^"]*\bmain-0-errors"[^>]*>(.*?)<\/g>/.exec(svg)?.[1] ?? "";
    const lengths = [...group.matchAll(/ x2="([-\d.]+)" y2="0"/g)].map(([, length]) => Math.abs(Number(length)));
    expect(lengths).toEqual([0.2, 0.02, 0.002].map((length) => expect.closeTo((length / 2) * width, 2)));
    expect(rulesOf(svg, "main-0-errors")).toHaveLength(3);
  });

  it("leaves out what is not there, and draws nothing at all", async () => {
    const { svg, notes } = await renderFigure({ ...versions(), series: [], ratioTo: undefined } as never, "f");
    expect(namesOf(svg)).toHaveLength(3);
    expect(notes).toEqual(["There are no values to show."]);
    expect(textsOf(svg)).toContain("no data");
    const gap = { kind: "points", name: "v1", x: [0, 2], y: [1, null] } as const;
    const points = symbolsOf(await draw({ ...versions(), series: [gap] }), "main-0-points");
    expect(points.map(([, y]) => y)).toEqual([12]);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("is told in words, with whole names", async () => {
    const long = "separation.".repeat(20);
    const svg = await draw(versions(1, ["AUC", long]));
    expect(parseSvg(svg)).toMatchObject({
      svg: {
        desc: {
          "#text": `value against metric. Rows: AUC, ${long}. Series: v1 (2 values), v2 (2 values). Beside: the ratio to v1.`,
        },
      },
    });
    expect(textsOf(svg)).toEqual(expect.arrayContaining(["metric", "value", "ratio", "v1", "v2", "AUC"]));
  });

  it("is as wide with one name as with most of them, and higher", async () => {
    const names = Array.from({ length: MOST_AXIS_NAMES }, (_, index) => `metric ${index}`);
    const sizes = [];
    for (const figure of [versions(1, ["a"]), versions(1, names)]) {
      const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(await draw(figure)) ?? [];
      sizes.push([Number(width), Number(height)] as const);
    }
    expect(sizes[1]?.[0]).toBe(sizes[0]?.[0]);
    expect((sizes[1]?.[1] ?? 0) - (sizes[0]?.[1] ?? 0)).toBe((MOST_AXIS_NAMES - 1) * ROW_HEIGHT);
  });

  it("takes the width of a page", async () => {
    await using twin = await createTwin({ name: "test", plugins: { report: report() } });
    const page = await twin.report.html({ title: "t", sections: [{ title: "", items: [versions(), comparison] }] });
    expect([...page.matchAll(/<figure[^>]*>/g)].map(([tag]) => tag)).toEqual(['<figure class="wide">', "<figure>"]);
  });
});

describe("names", () => {
  it.each<[string, string]>([
    ["long", "distances.neighbours.generated.density.of.the.first.decade.of.energy.MeV.value"],
    ["wide", "WMWM_".repeat(30)],
    ["of other scripts", "能量分辨率".repeat(20)],
    ["without end", "x".repeat(100_000)],
  ])("that are %s stay in the picture, cut in the middle", async (_, long) => {
    const [short, cut] = namesOf(await draw(versions(1, ["AUC", long])));
    expect(short?.name).toBe("AUC");
    expect(cut?.name).toContain("…");
    const [head = "", tail = ""] = (cut?.name ?? "").split("…");
    expect(long.startsWith(head) && long.endsWith(tail)).toBe(true);
    expect(Math.abs([...head].length - [...tail].length)).toBeLessThan(2);
    expect(head.length).toBeGreaterThan(5);
    expect(textWidth(cut?.name ?? "", 13)).toBeLessThanOrEqual((cut?.left ?? 0) - NAME_GAP);
  });

  it("are not cut where there is room", async () => {
    const name = "separation.width_in_eta.mm.relativeWasserstein";
    const [shown] = namesOf(await draw(versions(1, [name])));
    expect(shown?.name).toBe(name);
  });

  it.each<[string, number, number]>([
    ["separation.width_in_eta.mm.relativeWasserstein", 24.331, 21.473],
    ["responseTest.pValue", 10.21, 9.265],
    ["FPD, KPD & MMD of WMM (100 %)", 17.113, 16.001],
    ["kg·m²/s² – Δφ ≥ 0.5", 9.709, 8.534],
  ])("are not taken for narrower than they are: %s", (name, dejaVu, liberation) => {
    // Widths that a browser measured with DejaVu Sans and Liberation Sans, for letters of one pixel.
    expect(textWidth(name, 1)).toBeGreaterThanOrEqual(Math.max(dejaVu, liberation));
    expect(textWidth(name, 1)).toBeLessThan(1.5 * dejaVu);
  });

  it("that fit nowhere are an ellipsis", () => {
    expect(shortened("MMMM", 15, 13)).toBe("…");
  });
});

describe("the drawing itself", () => {
  it.each<[string, Figure]>([
    ["comparison", comparison],
    ["versions", versions()],
  ])("of %s is what was looked at", async (name, figure) => {
    await expect(await draw(figure)).toMatchFileSnapshot(`figures/${name}.svg`);
  });
});

describe("a figure whose names do not fit", () => {
  const named = versions();
  const [first] = named.series;

  it.each<[string, object, string, string]>([
    ["too many names", { x: axis(25) }, "x.names", "holds 24 names, and there are 25; make several"],
    ["no names", { x: axis(0), series: [] }, "x.names", "at least one"],
    ["a name twice", { x: { label: "", names: ["a", "b", "a"] } }, "x.names[2]", 'called "a", too'],
    ["a name that is none", { x: { label: "", names: ["a", 7, "c"] } }, "x.names[1]", "string"],
    ["a point at no name", { x: axis(2) }, "series[0].x[2]", "whole numbers from 0 to 1, places of the names"],
    ["a point between names", { series: [{ ...first, x: [0, 0.5, 1] }] }, "series[0].x[1]", "and this is 0.5"],
    ["a histogram", { series: [{ kind: "steps", name: "v1", x: [0, 1], y: [1] }] }, "series[0].kind", "of points"],
    ["a unit", { x: { ...axis(3), unit: "mm" } }, "x.unit", "with names has no unit"],
    ["a scale", { x: { ...axis(3), scale: "log" } }, "x.scale", "with names has no scale"],
    ["an end", { x: { ...axis(3), max: 2 } }, "x.max", "with names has no max"],
    ["names on the other axis", { y: axis(3) }, "y.names", "belong on the x axis"],
  ])("for %s is refused, naming the place", async (_, changes, path, message) => {
    await using twin = await createTwin({ name: "test", plugins: { report: report() } });
    const error = await twin.report.svg({ ...named, ...changes } as Figure).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "TWIN_INVALID_REPORT", path, message: expect.stringContaining(message) });
  });

  function axis(count: number): object {
    return { label: "metric", names: Array.from({ length: count }, (_, index) => `metric ${index}`) };
  }
});
