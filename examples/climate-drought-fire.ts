// The climate scientist looks at drought and fire: the standardized precipitation index over three months, the codes of the Canadian
// fire weather index system of each day, and how many days of each year were of which danger class.
//
// The weather is made here. Or give files of your own with pr, tasmax (or tas at noon), hurs and sfcWind of each day:
//   npx node --conditions=@twinloom/source examples/climate-drought-fire.ts "days_*.nc"
import { createTwin, type Dataset, datasetParts, federate, findVariable, readTimeAxis } from "twinloom";
import { hdf5 } from "twinloom/modules/hdf5";
import { netcdf } from "twinloom/modules/netcdf";
import { climateIndex, FIRE_DANGER_CLASSES, fireDangerClass, fireWeather } from "twinloom/thematic/climate";
import { HEAT_WAVE, weather } from "./data/synthetic-weather.ts";

const files = process.argv.slice(2);
await using twin = await createTwin({ name: "drought-and-fire", plugins: { files: netcdf(), hdf: hdf5() } });
const days: Dataset =
  files.length > 0
    ? await federate({ along: "time", parts: await datasetParts(files, [twin.files]) })
    : weather({ years: [1981, 2010], spacing: 4 });

// A place of the grid: the nearest to where the heat wave was planted.
const { latitude, longitude } = HEAT_WAVE;
const place = { lat: { value: latitude, tolerance: 5 }, lon: { value: longitude, tolerance: 5 } };

// Drought: precipitation of three months, as standard deviations from what is usual for the time of year.
const spi = await climateIndex(days, "SPI", { period: "1981-2010", parameters: { months: 3 } });
const months = await readTimeAxis(spi);
const dryness = (await findVariable(spi, "SPI").read(place)).toFloat64();
const driest = dryness.indexOf(Math.min(...dryness.filter((value) => !Number.isNaN(value))));
console.log(
  `driest three months: SPI ${dryness[driest]?.toFixed(2)} in ${months.year[driest]}-${String(months.month[driest]).padStart(2, "0")}`,
);

// Fire: the codes depend on the day before, so the days from then on are computed, where they are read. The day's highest temperature stands for
// that of noon.
const codes = await fireWeather(days, {
  variables: { tas: "tasmax" },
  season: { method: "WF93" },
  overwintering: true,
});
const fwi = (await findVariable(codes, "FWI").read(place)).toFloat64();
const drought = (await findVariable(codes, "DC").read(place)).toFloat64();
const { year, month, day } = await readTimeAxis(codes);
const worst = fwi.indexOf(Math.max(...fwi.filter((value) => !Number.isNaN(value))));
console.log(
  `highest fire weather index: ${fwi[worst]?.toFixed(1)} on ${year[worst]}-${month[worst]}-${day[worst]}, drought code ${drought[worst]?.toFixed(0)}`,
);

const summer = months.year[driest];
console.log(`days of ${summer} by fire danger class, and in the mean of all years:`);
const years = new Set(year).size;
FIRE_DANGER_CLASSES.forEach(({ name }, number) => {
  const isOf = Array.from(fwi, (value) => fireDangerClass(value) === number);
  const [own, all] = [isOf.filter((is, step) => is && year[step] === summer).length, isOf.filter(Boolean).length];
  console.log(`${name.padStart(10)} ${String(own).padStart(4)} ${(all / years).toFixed(1).padStart(6)}`);
});

const out = "twinloom-out/fire-weather.nc";
await twin.files.write(out, codes, { existing: "replace" });
console.log(
  `${out}: ${Object.values(codes.variables)
    .filter(({ dims }) => dims.length === 3)
    .map(({ name }) => name)
    .join(", ")}`,
);
