// The climate scientist makes a page: maps of warm days and summer days and of how they changed, return levels with their intervals, and the
// track of a storm, with coastlines, units and what each number means, as one HTML file that needs nothing else.
//
// The data are made here. Or give files of results, such as `twinloom climate index` wrote them:
//   npx node --conditions=@twinloom/source examples/climate-report.ts tx90p.nc tracks.nc
import { basename } from "node:path";
import { createTwin, writeFileAtomically } from "twinloom";
import { hdf5 } from "twinloom/modules/hdf5";
import { netcdf } from "twinloom/modules/netcdf";
import { report } from "twinloom/modules/report";
import {
  type ClimateReportInput,
  climateIndex,
  climateReport,
  returnLevels,
  stormTracks,
  tracksDataset,
} from "twinloom/thematic/climate";
import { movingLow, weather } from "./data/synthetic-weather.ts";

const files = process.argv.slice(2);
await using twin = await createTwin({
  name: "climate-report",
  plugins: { files: netcdf(), hdf: hdf5(), report: report() },
});

const inputs: ClimateReportInput[] = [];
for (const file of files) inputs.push({ name: basename(file), dataset: await twin.files.open(file) });
if (files.length === 0) {
  const days = weather({ years: [1981, 2010] });
  const low = movingLow();
  inputs.push(
    { name: "warm days", dataset: await climateIndex(days, "TX90p", { period: "1981-2000" }) },
    { name: "summer days", dataset: await climateIndex(days, "SU") },
    {
      name: "return levels",
      dataset: await returnLevels(days, { kind: "block-maxima", variable: "tasmax", unit: "degC", resamplings: 100 }),
    },
    { name: "storm tracks", dataset: tracksDataset(await stormTracks(low, { pressure: "psl" })) },
  );
}

const document = await climateReport(inputs, { title: "Warm days, heat and a storm" });
for (const { title, items } of document.sections) console.log(`${title}: ${items.map(({ kind }) => kind).join(", ")}`);

const out = "twinloom-out/climate-report/report.html";
const page = await twin.report.html(document);
await writeFileAtomically(out, page, { existing: "replace" });
console.log(`${out}: ${document.sections.length} sections, ${(page.length / 1e6).toFixed(1)} MB`);
