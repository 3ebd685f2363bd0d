// Draws docs/images/first-light.svg, the picture of the README and of the tutorial, from what `npm start` wrote: those
// figures of its report that 200 showers are enough for.
import { readFile } from "node:fs/promises";
import { createTwin, type Figure, type ReportDocument, writeFileAtomically } from "twinloom";
import { report } from "twinloom/modules/report";
import { svgGrid } from "./svg-grid.ts";

const SHOWN = [/longitudinal profile/, /radial profile/, /Energy resolution/, /Occupancy/];

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

await writeFileAtomically("docs/images/first-light.svg", svgGrid(drawn), { existing: "replace" });
