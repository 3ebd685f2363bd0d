// The climate scientist tracks storms: lows of sea level pressure with a closed contour, stitched over time, as a table, as CF trajectories
// in a NetCDF file, and as CSV. The tracks are compared with where the storm is known to have been.
//
// The low is made here, so that its way is known. Or give files of your own with psl (Pa, several steps a day):
//   npx node --conditions=@twinloom/source examples/climate-storms.ts "psl_*.nc"
import { createTwin, type Dataset, datasetParts, federate, writeFileAtomically } from "twinloom";
import { hdf5 } from "twinloom/modules/hdf5";
import { netcdf } from "twinloom/modules/netcdf";
import { matchTracks, type StormTrack, stormTracks, tracksCsv, tracksDataset } from "twinloom/thematic/climate";
import { lowAt, movingLow } from "./data/synthetic-weather.ts";

const files = process.argv.slice(2);
await using twin = await createTwin({ name: "storms", plugins: { files: netcdf(), hdf: hdf5() } });
const fields: Dataset =
  files.length > 0 ? await federate({ along: "time", parts: await datasetParts(files, [twin.files]) }) : movingLow();

// The numbers are those of the defaults: pressure rises by 200 Pa within 5.5 degrees all around the centre.
const tracks = await stormTracks(fields, { pressure: "psl", contour: { rise: 200, radius: 5.5 } });
for (const { id, points, begin, end } of tracks) {
  console.log(`storm ${id}: ${points.length} times, begins by ${begin}, ends by ${end}`);
  for (const { time, lat, lon, pressure = Number.NaN, closed } of points.filter((_, step) => step % 4 === 0)) {
    console.log(
      `  ${time.slice(0, 16)}  ${lat.toFixed(1)} N  ${lon.toFixed(1)} E  ${(pressure / 100).toFixed(0)} hPa  closed: ${closed}`,
    );
  }
}

if (files.length === 0) {
  const points = (tracks[0]?.points ?? []).map(({ time, hours }, step) => {
    const { latitude, longitude } = lowAt(6 * step);
    return { time, hours, lat: latitude, lon: longitude };
  });
  const truth: StormTrack = { id: "made", points };
  const { hits, misses, falseAlarms, meanErrorKm } = matchTracks(tracks, [truth]);
  console.log(
    `${hits} of ${hits + misses} centres found, ${falseAlarms} false alarms, mean error ${meanErrorKm.toFixed(0)} km`,
  );
}

await twin.files.write("twinloom-out/tracks.nc", tracksDataset(tracks), { existing: "replace" });
await writeFileAtomically("twinloom-out/tracks.csv", tracksCsv(tracks), { existing: "replace" });
console.log("twinloom-out/tracks.nc: trajectories; twinloom-out/tracks.csv: the same as a table");
