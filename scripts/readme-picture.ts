// Makes docs/images/first-light.svg, the picture of the README: the first four figures that the main job reports.
//
//   npm start && npx --no-install node --conditions=@twinloom/source scripts/readme-picture.ts
//
// An argument names another report.json.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createTwin, type Figure } from "twinloom";
import { report, reportDocumentSchema } from "twinloom/modules/report";

const FIGURES = 4;
const COLUMNS = 2;
const MARGIN = 16;

const path = process.argv[2] ?? "twinloom-out/first-light/validate/report.json";
const document = reportDocumentSchema.parse(JSON.parse(await readFile(path, "utf8")));
const figures = document.sections
  .flatMap(({ items }) => items)
  .filter((item): item is Figure => item.kind === "figure")
  .slice(0, FIGURES);

await using twin = await createTwin({ name: "picture", plugins: { report: report() } });
const drawings = await Promise.all(figures.map((figure) => twin.report.svg(figure)));
const sizes = drawings.map((svg) => /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg)?.slice(1).map(Number) ?? []);
const width = Math.max(...sizes.map(([w = 0]) => w));
const height = Math.max(...sizes.map(([, h = 0]) => h));
const placed = drawings.map((svg, index) => {
  const x = MARGIN + (index % COLUMNS) * (width + MARGIN);
  const y = MARGIN + Math.floor(index / COLUMNS) * (height + MARGIN);
  return svg.replace("<svg ", `<svg x="${x}" y="${y}" `);
});
const total = {
  width: MARGIN + COLUMNS * (width + MARGIN),
  height: MARGIN + Math.ceil(figures.length / COLUMNS) * (height + MARGIN),
};

await mkdir("docs/images", { recursive: true });
await writeFile(
  "docs/images/first-light.svg",
  // A background of its own: pages that show it may be dark, and the ink of a picture on its own is black.
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${total.width} ${total.height}" role="img">
<rect width="100%" height="100%" fill="#ffffff"/>
${placed.join("\n")}
</svg>
`,
);
console.log(`docs/images/first-light.svg: ${figures.map(({ caption }) => caption).join("; ")}`);
