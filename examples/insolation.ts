// The climate scientist's first step: write a field on named coordinates to an HDF5 file that h5py and xarray read too,
// open it lazily, and select by latitude and by date instead of by index.
//
// The field is the daily mean insolation at the top of the atmosphere: Q = S/π (h sin φ sin δ + cos φ cos δ sin h), with
// cos h = -tan φ tan δ (D. L. Hartmann, Global Physical Climatology, equation 2.17), on a circular orbit.
import { createTwin, dataset, findVariable, NdArray } from "twinloom";
import { hdf5 } from "twinloom/modules/hdf5";

const SOLAR_CONSTANT = 1361; // W m-2
const OBLIQUITY = (23.44 * Math.PI) / 180;
const OUT = "twinloom-out/insolation.h5";

const latitudes = Float64Array.from({ length: 181 }, (_, index) => index - 90);
const days = Float64Array.from({ length: 365 }, (_, index) => index + 1);

function insolation(latitude: number, day: number): number {
  const phi = (latitude * Math.PI) / 180;
  const delta = Math.asin(Math.sin(OBLIQUITY) * Math.sin((2 * Math.PI * (day - 80)) / 365.25));
  const h = Math.acos(Math.min(1, Math.max(-1, -Math.tan(phi) * Math.tan(delta))));
  return (
    (SOLAR_CONSTANT / Math.PI) * (h * Math.sin(phi) * Math.sin(delta) + Math.cos(phi) * Math.cos(delta) * Math.sin(h))
  );
}

const field = Float32Array.from({ length: days.length * latitudes.length }, (_, index) =>
  insolation(latitudes[index % latitudes.length] as number, days[Math.floor(index / latitudes.length)] as number),
);
const axis = (data: Float64Array, name: string, unit: string): NdArray =>
  new NdArray(data, { dtype: "float64", shape: [data.length], dims: [name], unit });

await using twin = await createTwin({ name: "insolation", plugins: { files: hdf5() } });
await twin.files.write(
  OUT,
  dataset({
    attributes: { title: "Daily mean insolation at the top of the atmosphere" },
    variables: {
      lat: axis(latitudes, "lat", "degrees_north"),
      day: axis(days, "day", "days since 2000-12-31"),
      insolation: {
        array: new NdArray(field, { dtype: "float32", shape: [365, 181], dims: ["day", "lat"], unit: "W m-2" }),
        storage: { chunkShape: [73, 181] },
      },
    },
  }),
  { existing: "replace" },
);

await using file = await twin.files.open(OUT);
const variable = findVariable(file, "insolation");
console.log(`${OUT}: ${variable.dims.join(" x ")} = ${variable.shape.join(" x ")}, ${variable.unit}`);

// Only the chunk that holds these days is read; June and July are days 152 to 212.
const summer = await variable.read({ lat: { value: 51.4, tolerance: 0.5 }, day: { from: 152, to: 212 } });
const values = summer.toFloat64();
console.log(
  `51 N, June and July: ${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)} ${summer.unit}`,
);

const solstice = await variable.read({ day: { value: 172 } });
const byLatitude = solstice.toFloat64();
const most = byLatitude.indexOf(Math.max(...byLatitude));
console.log(
  `On the June solstice most sunlight falls on latitude ${latitudes[most]}: ${byLatitude[most]?.toFixed(1)} W m-2`,
);
