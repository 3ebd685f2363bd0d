// A climate twin that follows observations. An emulator (a linear inverse model) is fitted to nine years of a temperature field; stations
// at a quarter of the places report over a stream, and an ensemble Kalman filter corrects it day by day and forecasts from there. Then
// a year that the emulator has not seen says whether that is worth anything: against persistence and against climatology, with intervals.
//
// This is a twin experiment: the stations measure the field that they are verified against, with errors that are independent. Skill with
// real stations is lower. The field is made here; or give files of your own with tas of each day on places with latitude and longitude:
//   npx node --conditions=@twinloom/source examples/climate-following.ts "tas_*.nc"
import { rm } from "node:fs/promises";
import { createTwin, type Dataset, datasetParts, encodeEvent, federate, formatDate } from "twinloom";
import { hdf5 } from "twinloom/modules/hdf5";
import { memoryStream } from "twinloom/modules/memory";
import { netcdf } from "twinloom/modules/netcdf";
import {
  ClimateEmulator,
  fitClimateEmulator,
  follow,
  observeField,
  readField,
  stationNetwork,
  syntheticClimate,
  twinExperiment,
} from "twinloom/thematic/climate";

const folder = "twinloom-out/climate-following";
await rm(folder, { recursive: true, force: true });
const files = process.argv.slice(2);
await using twin = await createTwin({
  name: "climate-following",
  plugins: { files: netcdf(), hdf: hdf5(), observations: memoryStream({ keepBytes: 1e6 }) },
});
const days: Dataset =
  files.length > 0
    ? await federate({ along: "time", parts: await datasetParts(files, [twin.files]) })
    : syntheticClimate({ seed: 1n, years: 11, shape: [5, 6] });

// Nothing of the last two years is looked at to fit.
const field = await readField(days, "tas");
const years = [...new Set(field.axis.year)];
const [fitted, held] = [years.slice(0, -2), years.slice(-2)];
const emulator = new ClimateEmulator(await fitClimateEmulator(days, "tas", { years: fitted, coupled: 8 }));
console.log(`fitted to ${fitted[0]} to ${fitted.at(-1)}: ${emulator.places} places, ${emulator.modes} modes`);

// Stations report, one event a day; here those of the first thirty days of the years that were held back.
const stations = Array.from(field.latitude, (latitude, place) => ({
  ...{ name: `station ${place}`, latitude, longitude: field.longitude[place] as number, error: 0.5 },
})).filter((_, place) => place % 4 === 1);
const network = stationNetwork(emulator, stations);
for (const event of observeField(field, { network, years: held, seed: 5n })) {
  if (event.sequence < 31n) await twin.observations.publish(encodeEvent(event));
}

// The state is on disk before a message is acknowledged: killed at any time, the twin goes on with the same numbers.
await using listening = await twin.observations.subscribe({ from: "beginning" });
let analyses = 0;
const counts = await follow(listening, {
  ...{ emulator, stations, folder, seed: 1n, members: 50, leads: 3 },
  onAnalysis: ({ step, mean, spread }, forecast) => {
    if (++analyses % 10 === 0) {
      const date = formatDate(field.days.time.decode(step)).slice(0, 10);
      const next = forecast?.mean[emulator.places * 2];
      const said = `${mean[0]?.toFixed(1)} ± ${spread[0]?.toFixed(1)} K at the first place`;
      console.log(`${date}: ${said}, in three days ${next?.toFixed(1)} K`);
    }
    if (analyses === 30) void listening[Symbol.asyncDispose]();
  },
});
console.log(`${counts.analyses} days followed, ${counts.used} values used, ${counts.rejected} rejected`);

// What that is worth: the whole field, at all places, in the years that were held back.
const { leads, forecasts } = await twinExperiment(field, {
  ...{ emulator, network, years: held, leads: 5, seed: 6n, members: 50, resamplings: 300 },
});
console.log(`${forecasts} forecasts; skill = 1 - RMSE / RMSE of the other, with intervals of 95 %`);
console.log("lead  RMSE [K]  CRPS [K]  against persistence     against climatology");
for (const { lead, rmse, crps, rmseSkill } of leads) {
  const skill = (["persistence", "climatology"] as const).map((name) => {
    const { value, low, high } = rmseSkill[name];
    return `${value.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`.padEnd(22);
  });
  console.log(
    `${lead} d   ${rmse.value.toFixed(2).padStart(8)}  ${crps.value.toFixed(2).padStart(8)}  ${skill.join("  ").trimEnd()}`,
  );
}
