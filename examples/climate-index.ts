// The climate scientist's third step: indices of one dataset that two institutes made. Thirty years of daily weather lie in two files with
// other names, units and times; they are one dataset, from which TX90p, summer days and the largest rain of five days are computed,
// their means over the area, and the mean anomaly of each summer. The results are a NetCDF file that xarray opens.
//
// The files are made here, in a temporary folder (climate-files.ts makes such files to keep). Or give a base period and files of your own,
// which have tasmax and pr of each day:
//   npx node --conditions=@twinloom/source examples/climate-index.ts 1961-1990 "days_*.nc"
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { anomaly, areaMean, createTwin, datasetParts, federate, findVariable, readTimeAxis, resample } from "twinloom";
import { hdf5 } from "twinloom/modules/hdf5";
import { netcdf } from "twinloom/modules/netcdf";
import { climateIndex } from "twinloom/thematic/climate";
import { weather } from "./data/synthetic-weather.ts";

const [period = "1981-2000", ...given] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), "twinloom-climate-"));
await using twin = await createTwin({ name: "indices", plugins: { files: netcdf(), hdf: hdf5() } });
try {
  if (given.length === 0) {
    await twin.files.write(join(folder, "north-1981-1995.nc"), weather({ years: [1981, 1995], manner: "north" }));
    await twin.files.write(join(folder, "south-1996-2010.nc"), weather({ years: [1996, 2010], manner: "south" }));
  }

  // One dataset. `rename` tells what the second institute calls things; units and times are reconciled without being told.
  const parts = await datasetParts(given.length > 0 ? given : join(folder, "*.nc"), [twin.files]);
  const rename = { tx: "tasmax", tn: "tasmin", rr: "pr" };
  await using days = await federate({ along: "time", parts, rename, context: "water" });
  for (const { part, variable, from, to } of days.report.converted)
    console.log(`${part}: ${variable} from ${from} to ${to}`);
  console.log(`${days.report.gaps.length} gaps, ${days.report.overlaps.length} overlaps`);

  // Indices: a value for each year and place. Files are read in parts; `maxBytes` bounds the memory.
  const warmDays = await climateIndex(days, "TX90p", { period });
  const summerDays = await climateIndex(days, "SU");
  const heavyRain = await climateIndex(days, "RX5day", { frequency: "YS" });
  for (const [name, index] of Object.entries({ TX90p: warmDays, SU: summerDays, RX5day: heavyRain })) {
    const mean = findVariable(await areaMean(index), name);
    const values = (await mean.read()).toFloat64();
    const decades = [values.slice(0, 10), values.slice(-10)].map(
      (each) => each.reduce((sum, x) => sum + x, 0) / each.length,
    );
    console.log(
      `${name}, mean of the area: ${decades[0]?.toFixed(1)} ${mean.unit} in the first ten years, ${decades[1]?.toFixed(1)} in the last ten`,
    );
  }

  // Summers, as differences from the mean of their season in the base period.
  const departures = await anomaly(days, { by: "season", period, variables: ["tasmax"] });
  const seasons = await resample(departures, { frequency: "QS-DEC", reduce: "mean", missing: { percent: 10 } });
  const overArea = await areaMean(seasons);
  const { year, month } = await readTimeAxis(overArea);
  const means = (await findVariable(overArea, "tasmax").read()).toFloat64();
  const summers = Array.from(means, (mean, step) => ({ mean, year: year[step], month: month[step] })).filter(
    (each) => each.month === 6,
  );
  const warmest = summers.reduce((most, each) => (each.mean > most.mean ? each : most));
  console.log(`warmest summer: ${warmest.year}, ${warmest.mean.toFixed(2)} K above the mean of ${period}`);

  const out = "twinloom-out/climate-index.nc";
  await twin.files.write(out, warmDays, { existing: "replace" });
  console.log(`${out}: ${findVariable(warmDays, "TX90p").attributes["long_name"]}`);
} finally {
  await rm(folder, { recursive: true });
}
