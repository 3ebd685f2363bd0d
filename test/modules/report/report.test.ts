import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTwin, type OpenDataset, type ReportDocument } from "../../../core/index.ts";
import { InvalidReportError, report } from "../../../modules/report/index.ts";
import { comparison, sampleDocument } from "./sample-figures.ts";
import { parseSvg } from "./svg-shapes.ts";

async function render(document: unknown): Promise<string> {
  await using twin = await createTwin({ name: "test", plugins: { report: report() } });
  return await twin.report.html(document as ReportDocument);
}

const EVIL = `"><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;\u0000`;

describe("a page", () => {
  let page = "";
  beforeAll(async () => {
    page = await render(sampleDocument);
  });

  it("loads nothing from anywhere", () => {
    const references = [...page.matchAll(/\b(?:src|srcset|href|data|action|poster)\s*=\s*["']?([^"'\s>]*)/gi)];
    expect(references.length).toBeGreaterThan(0);
    expect(references.map(([, target]) => target).filter((target) => !target?.startsWith("#"))).toEqual([]);
    const urls = [...page.matchAll(/url\(\s*["']?([^"')]*)/gi)].map(([, target]) => target as string);
    expect(urls.length).toBeGreaterThan(0);
    expect(urls.filter((target) => !target.startsWith("#"))).toEqual([]);
    expect(page).not.toMatch(/@import|<script|<link|<iframe|<object|<embed|javascript:/i);
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  it("has ids that occur once, and references only to those", () => {
    const ids = [...page.matchAll(/\bid="([^"]*)"/g)].map(([, id]) => id as string);
    expect(new Set(ids).size).toBe(ids.length);
    const targets = [...page.matchAll(/(?:href="#|url\(#)([^")]*)/g)].map(([, id]) => id as string);
    expect(targets.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it("has every figure as well-formed SVG with a caption", () => {
    const svgs = [...page.matchAll(/<figure>\n(<svg[\s\S]*?<\/svg>)\n<figcaption>([^<]+)/g)];
    expect(svgs.map(([, , caption]) => caption)).toEqual(["Energy per layer", "Logarithmic"]);
    for (const [, svg] of svgs) parseSvg(svg as string);
  });

  it("has tables with units, significant digits and dashes", () => {
    const text = page.replace(/<[^>]+>/g, " ").replace(/\s+/g, " ");
    expect(text).toContain("Separation power feature separation mean [MeV] total energy 0.00235 −10.50");
    expect(text).toContain("occupancy 1.20×10⁻⁶ –");
  });

  it("has the summary, the paragraphs, links to the sections and the provenance", () => {
    for (const part of ["<p>The first paragraph.</p>\n<p>The second.</p>", '<a href="#section-2">Profiles</a>']) {
      expect(page).toContain(part);
    }
    expect(page).toContain('<p class="summary">Two samples of three showers.</p>');
    expect(page).toContain("<dt>seed</dt><dd>7</dd>");
  });

  it("is the same every time", async () => {
    expect(await render(sampleDocument)).toBe(page);
  });
});

describe("text from a document", () => {
  it("stays text wherever it stands", async () => {
    const evil: ReportDocument = {
      title: EVIL,
      summary: EVIL,
      sections: [
        {
          title: EVIL,
          text: EVIL,
          items: [
            { kind: "table", caption: EVIL, columns: [{ name: EVIL, unit: EVIL }], rows: [[EVIL]] },
            {
              kind: "figure",
              caption: EVIL,
              x: { label: EVIL, unit: EVIL },
              y: { label: EVIL, unit: EVIL },
              series: [{ kind: "points", name: EVIL, x: [1], y: [1] }],
              ratioTo: EVIL,
            },
          ],
        },
      ],
      provenance: { [EVIL]: EVIL },
    };
    const page = await render(evil);
    expect(page).not.toMatch(/<script|<img/);
    expect(page).not.toContain("\u0000");
    expect(page.match(/&lt;script&gt;/g)?.length).toBeGreaterThan(10);
    parseSvg(/<svg[\s\S]*<\/svg>/.exec(page)?.[0] as string);
  });
});

it("text that looks like a part of the drawing stays as it is", async () => {
  await using twin = await createTwin({ name: "test", plugins: { report: report() } });
  const label = 'E id="x" url(#y)';
  const series = [{ kind: "points" as const, name: label, x: [1], y: [1] }];
  const svg = await twin.report.svg({ kind: "figure", caption: "", x: { label }, y: { label: "y" }, series });
  const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text?.replaceAll("&quot;", '"'));
  expect(texts.filter((text) => text === label)).toHaveLength(2);
});

describe("a document whose parts do not fit", () => {
  const withSeries = (series: object): object => ({
    ...sampleDocument,
    sections: [{ title: "", items: [comparison, { ...comparison, series: [series], ratioTo: undefined }] }],
  });
  const at = "sections[0].items[1].series[0]";

  it.each<[string, object, string, string]>([
    ["too few bin edges", { kind: "steps", name: "a", x: [0, 1], y: [1, 2] }, `${at}.x`, "need 3 x (the bin edges)"],
    ["bin edges that fall", { kind: "steps", name: "a", x: [0, 2, 1], y: [1, 2] }, `${at}.x[2]`, "1 follows 2"],
    ["x that is not a number", { kind: "line", name: "a", x: [Number.NaN], y: [1] }, `${at}.x[0]`, "expected number"],
    ["a number too large", { kind: "line", name: "a", x: [1], y: [2e100] }, `${at}.y[0]`, "cannot be drawn"],
    ["an error too large", { kind: "line", name: "a", x: [1], y: [1], yError: [1e300] }, `${at}.yError[0]`, "unit"],
    ["a negative error", { kind: "line", name: "a", x: [1], y: [1], yError: [-1] }, `${at}.yError[0]`, "not negative"],
    ["an unknown kind", { kind: "bars", name: "a", x: [1], y: [1] }, `${at}.kind`, "steps, points, line"],
    ["a misspelt key", { kind: "line", name: "a", x: [1], y: [1], yerror: [1] }, `${at}.yerror`, "Unknown"],
  ])("with %s is refused, naming the place", async (_, series, path, message) => {
    const document = JSON.parse(JSON.stringify(withSeries(series)), (_key, value) => value);
    // JSON would turn NaN into null.
    if (path.endsWith("x[0]")) document.sections[0].items[1].series[0].x = [Number.NaN];
    const error = await render(document).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidReportError);
    expect(error).toMatchObject({ code: "TWIN_INVALID_REPORT", path, message: expect.stringContaining(message) });
  });

  it.each<[string, unknown, string]>([
    ["no object", 7, ""],
    ["no title", { sections: [] }, "title"],
    ["a row of another length", table([["a"]]), "sections[0].items[0].rows[0]"],
    ["a ratio to nothing", one({ ...comparison, ratioTo: "Geant5" }), "sections[0].items[0].ratioTo"],
    [
      "two series of one name",
      one({ ...comparison, series: comparison.series.map((series) => ({ ...series, name: "Geant4" })) }),
      "sections[0].items[0].series[1].name",
    ],
    [
      "a logarithmic axis from zero",
      one({ ...comparison, y: { label: "", scale: "log", min: 0 } }),
      "sections[0].items[0].y.min",
    ],
    ["limits that cross", one({ ...comparison, x: { label: "", min: 2, max: 1 } }), "sections[0].items[0].x.max"],
    ["a limit too far", one({ ...comparison, y: { label: "", max: 1e200 } }), "sections[0].items[0].y.max"],
    ["an item of no kind", one({ caption: "?" }), "sections[0].items[0].kind"],
  ])("%s is refused, naming the place", async (_, document, path) => {
    await expect(render(document)).rejects.toMatchObject({ code: "TWIN_INVALID_REPORT", path });
  });

  function one(item: object): object {
    return { title: "t", sections: [{ title: "", items: [item] }] };
  }

  function table(rows: unknown): object {
    return one({ kind: "table", caption: "", columns: [{ name: "a" }, { name: "b" }], rows });
  }
});

describe("the task report", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-report-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function run(document: string): Promise<unknown> {
    await using twin = await createTwin({ name: "test", plugins: { report: report() } });
    const [task] = report.definition.tasks ?? [];
    return await task?.run({
      parameters: {},
      needs: { report: twin.report },
      inputs: { document },
      outputs: { page: join(folder, "report.html") },
      signal: new AbortController().signal,
      log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
      stopping: new AbortController().signal,
      recordReads: (dataset: OpenDataset) => dataset,
      progress: () => {},
    });
  }

  it("makes a page of a report.json", async () => {
    const path = join(folder, "report.json");
    await writeFile(path, JSON.stringify(sampleDocument));
    expect(await run(path)).toEqual({ title: "GFLASH against Geant4", sections: 3, figures: 2, tables: 1 });
    expect(await readFile(join(folder, "report.html"), "utf8")).toBe(await render(sampleDocument));
  });

  it("refuses what is no JSON, and a file that is not there", async () => {
    const path = join(folder, "broken.json");
    await writeFile(path, '{"title": "a"');
    await expect(run(path)).rejects.toMatchObject({ code: "TWIN_INVALID_REPORT", path: "" });
    await expect(run(join(folder, "none.json"))).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
  });
});

it("a cancelled report rejects with the reason", async () => {
  await using twin = await createTwin({ name: "test", plugins: { report: report() } });
  const reason = new Error("enough");
  await expect(twin.report.html(sampleDocument, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

it("a report that is cancelled while it is drawn stops", async () => {
  await using twin = await createTwin({ name: "test", plugins: { report: report() } });
  const figures = { title: "t", sections: [{ title: "", items: Array.from({ length: 200 }, () => comparison) }] };
  const cancel = new AbortController();
  setTimeout(() => cancel.abort(new Error("enough")), 5);
  await expect(twin.report.html(figures, { signal: cancel.signal })).rejects.toThrow("enough");
});

it("a table has infinities and what is missing", async () => {
  await using twin = await createTwin({ name: "test", plugins: { report: report() } });
  const rows = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, null].map((cell) => [cell]);
  const page = await twin.report.html({
    title: "t",
    sections: [{ title: "", items: [{ kind: "table", caption: "", columns: [{ name: "a" }], rows }] }],
  });
  expect([...page.matchAll(/<td[^>]*>([^<]*)</g)].map(([, text]) => text)).toEqual(["∞", "−∞", "–", "–"]);
});
