// The climate scientist looks at extremes: how hot it gets once in ten, fifty and a hundred years, with intervals; and which days of thirty
// summers were like no other, by patterns (EOFs) that are fitted to the years before.
//
// The weather is made here, with a heat wave in August 2003. Or give files of your own with tasmax of each day:
//   npx node --conditions=@twinloom/source examples/climate-extremes.ts "tasmax_*.nc"
import { anomaly, createTwin, type Dataset, datasetParts, federate, findVariable } from "twinloom";
import { hdf5 } from "twinloom/modules/hdf5";
import { netcdf } from "twinloom/modules/netcdf";
import { detectExtremes, fitEofScorer, returnLevels } from "twinloom/thematic/climate";
import { HEAT_WAVE, weather } from "./data/synthetic-weather.ts";

const files = process.argv.slice(2);
await using twin = await createTwin({ name: "extremes", plugins: { files: netcdf(), hdf: hdf5() } });
const days: Dataset =
  files.length > 0
    ? await federate({ along: "time", parts: await datasetParts(files, [twin.files]) })
    : weather({ years: [1981, 2010] });

// A generalised extreme value distribution of yearly maxima at each place, with intervals of 90 % by the bootstrap.
const periods = [10, 50, 100];
const levels = await returnLevels(days, {
  kind: "block-maxima",
  variable: "tasmax",
  unit: "degC",
  periods,
  resamplings: 200,
});
const { latitude, longitude } = HEAT_WAVE;
const place = { lat: { value: latitude, tolerance: 5 }, lon: { value: longitude, tolerance: 5 } };
const [level, lower, upper] = await Promise.all(
  ["return_level", "return_level_lower", "return_level_upper"].map(async (name) =>
    (await findVariable(levels, name).read(place)).toFloat64(),
  ),
);
periods.forEach((years, index) => {
  const [most, from, to] = [level, lower, upper].map((each) => each?.[index]?.toFixed(1));
  console.log(`once in ${years} years: ${most} degC (${from} to ${to})`);
});

// Patterns of summer days, fitted to the first twenty years; what they do not describe is unusual. Anomalies, so that the
// season is no pattern.
const summers = await anomaly(days, { by: "dayofyear", smooth: 31, variables: ["tasmax"] });
const scorer = await fitEofScorer(summers, {
  variable: "tasmax",
  period: "1981-2000",
  season: "JJA",
  statistic: "reconstruction",
  modes: { explained: 0.9 },
});
const { events } = await detectExtremes(summers, {
  variable: "tasmax",
  scorer,
  threshold: { quantile: 0.999, period: "1981-2000" },
  gap: 1,
  minimumSteps: 2,
});
console.log(`${events.length} events by ${scorer.name}; the most unusual:`);
for (const { start, end, peak, where } of events.toSorted((a, b) => b.peak.score - a.peak.score).slice(0, 3)) {
  const at = Object.entries(where ?? {}).map(([dim, value]) => `${dim} ${value}`);
  console.log(
    `${start.slice(0, 10)} to ${end.slice(0, 10)}, peak ${peak.time.slice(0, 10)} near ${at.join(", ")}, score ${peak.score.toFixed(0)}`,
  );
}

const out = "twinloom-out/return-levels.nc";
await twin.files.write(out, levels, { existing: "replace" });
console.log(
  `${out}: ${Object.keys(levels.variables)
    .filter((name) => name.startsWith("return_level"))
    .join(", ")}`,
);
