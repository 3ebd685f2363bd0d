// The climate scientist's second step: two institutes, one dataset. The files have temperatures in kelvin and in degrees
// Celsius, times that count from different dates in different units, and different names. They become one series, are
// checked by declared rules, and what was read of which file is taken down.
//
// The files are made here, in a temporary folder, so that nothing needs to be downloaded.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AccessLog, checkQuality, createTwin, dataset, datasetParts, federate, findVariable, NdArray } from "twinloom";
import { hdf5 } from "twinloom/modules/hdf5";
import { netcdf } from "twinloom/modules/netcdf";

const folder = await mkdtemp(join(tmpdir(), "twinloom-federation-"));
const latitudes = Float32Array.of(-60, -30, 0, 30, 60);

/** Days of a mild year: warmest at the equator, and in July in the north. */
function temperature(day: number, latitude: number): number {
  return 300 - 0.4 * Math.abs(latitude) - (latitude / 6) * Math.cos((2 * Math.PI * (day - 15)) / 365);
}

/** A file of one institute: so many days from a day of the year 2001 on, in its own manner. */
function month(from: number, count: number, manner: "kelvin" | "celsius") {
  const days = Array.from({ length: count }, (_, index) => from + index);
  const isKelvin = manner === "kelvin";
  const [name, unit] = isKelvin ? ["tas", "K"] : ["t2m", "degC"];
  const time = isKelvin
    ? { values: days.map((day) => day + 0.5), unit: "days since 2001-01-01" }
    : { values: days.map((day) => 24 * (day + 365) + 12), unit: "hours since 2000-01-02" };
  const values = days.flatMap((day) =>
    Array.from(latitudes, (each) => temperature(day, each) - (isKelvin ? 0 : 273.15)),
  );
  const field = { dtype: "float64", shape: [count, latitudes.length], dims: ["time", "lat"], unit } as const;
  return dataset({
    attributes: { Conventions: "CF-1.11", institution: isKelvin ? "Institute of the North" : "Institute of the South" },
    variables: {
      time: new NdArray(Float64Array.from(time.values), {
        dtype: "float64",
        shape: [count],
        dims: ["time"],
        unit: time.unit,
      }),
      lat: new NdArray(latitudes, {
        dtype: "float32",
        shape: [latitudes.length],
        dims: ["lat"],
        unit: "degrees_north",
      }),
      [name]: {
        array: new NdArray(Float64Array.from(values), field),
        attributes: { standard_name: "air_temperature" },
      },
    },
  });
}

await using twin = await createTwin({ name: "two-institutes", plugins: { files: netcdf(), hdf: hdf5() } });
try {
  await twin.files.write(join(folder, "north-2001-01.nc"), month(0, 31, "kelvin"));
  await twin.files.write(join(folder, "north-2001-02.nc"), month(31, 28, "kelvin"));
  await twin.files.write(join(folder, "south-2001-03.nc"), month(59, 31, "celsius"));

  // One dataset. Headers and times are read now, values when they are asked for.
  const parts = await datasetParts(join(folder, "*.nc"), [twin.files]);
  await using all = await federate({ along: "time", parts, match: "standard_name", units: { tas: "K" } });
  for (const { name, facts } of all.parts) {
    console.log(`${name}: ${facts?.attributes["institution"]}, days ${facts?.extent?.from} to ${facts?.extent?.to}`);
  }
  for (const { part, variable, from, to } of all.report.converted)
    console.log(`${part}: ${variable} from ${from} to ${to}`);
  console.log(`${all.report.gaps.length} gaps, ${all.report.overlaps.length} overlaps`);

  // Across the two institutes, by date and by latitude; what is read of which file is taken down.
  const log = new AccessLog();
  const watched = log.watch(all);
  const lastDays = { time: { from: "2001-02-27", to: "2001-03-02" }, lat: { value: 60 } };
  const series = await findVariable(watched, "tas").read(lastDays);
  console.log(
    `27 February to 2 March at 60 degrees north: ${Array.from(series.toFloat64(), (value) => value.toFixed(2)).join(", ")} K`,
  );
  for (const { location, reads } of log.record().sources) {
    const shown = reads
      .filter(({ variable }) => variable !== "/time")
      .map(({ variable, bytes }) => `${variable} (${bytes} bytes)`);
    if (shown.length > 0) console.log(`read of ${location.slice(folder.length + 1)}: ${shown.join(", ")}`);
  }

  // A quality gate: what breaks a rule is told with its place in its file.
  const { violations } = await checkQuality(all, {
    attributes: ["Conventions"],
    variables: { time: { monotonic: "increasing" }, tas: { unit: "K", min: 200, max: 299.9, missing: 0 } },
  });
  for (const { message } of violations) console.log(message);
} finally {
  await rm(folder, { recursive: true });
}
