import { type Dataset, dataset, NdArray } from "../../../../core/index.ts";

export const LATITUDES = [40, 50, 60] as const;

/** The field that autoencoder.onnx is made from (steps 0 to 59), in kelvin: `tas[time, lat, lon]` of 3 x 4 cells. */
export function autoencoderField(
  start: number,
  stop: number,
  change?: (t: number, i: number, j: number) => number,
): Dataset {
  const count = stop - start;
  const values = Float64Array.from({ length: count * 12 }, (_, at) => {
    const [t, i, j] = [start + Math.floor(at / 12), Math.floor(at / 4) % 3, at % 4];
    return (
      280 +
      3 * Math.sin(0.3 * t + i) +
      2 * Math.cos(0.17 * t * (j + 1)) +
      0.5 * Math.sin(1.7 * t + 3 * i - 2 * j) +
      0.2 * Math.sin(0.37 * (t + 1) * (4 * i + j + 1)) +
      (change?.(t, i, j) ?? 0)
    );
  });
  return grid(values, {
    times: Float64Array.from({ length: count }, (_, k) => start + k),
    latitudes: [...LATITUDES],
    longitudes: [0, 2, 4, 6],
  });
}

/** `tas[time, lat, lon]` in kelvin, days since 2001-01-01 without leap days. */
export function grid(
  values: Float64Array,
  on: { readonly times: Float64Array; readonly latitudes: readonly number[]; readonly longitudes: readonly number[] },
): Dataset {
  const { times, latitudes, longitudes } = on;
  const along = (dim: string, data: ArrayLike<number>, unit: string): NdArray =>
    new NdArray(Float64Array.from(data), { dtype: "float64", shape: [data.length], dims: [dim], unit });
  return dataset({
    variables: {
      time: { array: along("time", times, "days since 2001-01-01"), attributes: { calendar: "noleap" } },
      lat: along("lat", latitudes, "degrees_north"),
      lon: along("lon", longitudes, "degrees_east"),
      tas: new NdArray(values, {
        dtype: "float64",
        shape: [times.length, latitudes.length, longitudes.length],
        dims: ["time", "lat", "lon"],
        unit: "K",
      }),
    },
  });
}
