// Draws docs/images/climate.svg, the climate picture of the README, from made-up weather: figures of a report, as
// `twinloom climate report` draws them.
import { createTwin, type Picture, type Table, writeFileAtomically } from "twinloom";
import { report } from "twinloom/modules/report";
import { climateIndex, climateReport, returnLevels, stormTracks, tracksDataset } from "twinloom/thematic/climate";
import { movingLow, weather } from "../examples/data/synthetic-weather.ts";
import { svgGrid } from "./svg-grid.ts";

const days = weather({ years: [1981, 2010], spacing: 1 });
const levels = await returnLevels(days, {
  ...{ kind: "block-maxima", variable: "tasmax", unit: "degC", periods: [50], interval: "none" },
});
const { sections } = await climateReport([
  { name: "warm days", dataset: await climateIndex(days, "TX90p", { period: "1981-2000" }) },
  { name: "return levels", dataset: levels },
  { name: "storm tracks", dataset: tracksDataset(await stormTracks(movingLow(), { pressure: "psl" })) },
]);
const pictures = (title: RegExp): readonly Picture[] => {
  const items = sections.find((section) => title.test(section.title))?.items ?? [];
  return items.filter((item): item is Exclude<typeof item, Table> => item.kind !== "table");
};
const [, change, series] = pictures(/^TX90p/);
const [level] = pictures(/^return_level/);
const [track] = pictures(/^Storm tracks/);
const shown = [change, level, series, track];

await using twin = await createTwin({ plugins: { report: report() } });
const drawn = await Promise.all(
  shown.map((figure, index) => {
    if (figure === undefined) throw new Error(`The report lacks picture ${index}.`);
    return twin.report.svg(figure);
  }),
);
await writeFileAtomically("docs/images/climate.svg", svgGrid(drawn), { existing: "replace" });
