// Draws docs/images/first-light.svg, the picture of the README and of the tutorial, from what `npm start` wrote: those
// figures of its report that 200 showers are enough for.
import { readFile } from "node:fs/promises";
import { createTwin, type Figure, type ReportDocument, writeFileAtomically } from "twinloom";
import { report } from "twinloom/modules/report";

const SHOWN = [/longitudinal profile/, /radial profile/, /Energy resolution/, /Occupancy/];
const COLUMNS = 2;
const GAP = 24;

const text = await readFile("twinloom-out/first-light/validate/report.json", "utf8");
const { sections } = JSON.parse(text) as ReportDocument;
const figures = sections.flatMap(({ items }) => items.filter((item): item is Figure => item.kind === "figure"));

await using twin = await createTwin({ plugins: { report: report() } });
const drawn = await Promise.all(
  SHOWN.map((caption) => {
    const figure = figures.find((each) => caption.test(each.caption));
    if (figure === undefined) throw new Error(`The report has no figure "${caption.source}".`);
    return twin.report.svg(figure);
  }),
);

const sizes = drawn.map((svg) =>
  ["width", "height"].map((side) => Number(new RegExp(`<svg[^>]* ${side}="([\\d.]+)`).exec(svg)?.[1])),
);
const width = Math.max(...sizes.map(([wide = 0]) => wide)) + GAP;
const height = Math.max(...sizes.map(([, high = 0]) => high)) + GAP;
const placed = drawn.map((svg, index) => {
  const at = `x="${GAP / 2 + (index % COLUMNS) * width}" y="${GAP / 2 + Math.floor(index / COLUMNS) * height}"`;
  return svg.replace(/^<\?xml[^>]*\?>\s*/, "").replace("<svg ", `<svg ${at} `);
});
const [wide, high] = [COLUMNS * width, Math.ceil(drawn.length / COLUMNS) * height];
const size = `viewBox="0 0 ${wide} ${high}" width="${wide}" height="${high}"`;
const page = `<svg xmlns="http://www.w3.org/2000/svg" ${size}><rect width="100%" height="100%" fill="#fff"/>${placed.join("\n")}</svg>\n`;
await writeFileAtomically("docs/images/first-light.svg", page, { existing: "replace" });
