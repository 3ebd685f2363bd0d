import { type Attributes, type Dataset, dataset, NdArray, type VariableInit } from "../../../core/index.ts";
import type { StormTrack, TrackPoint } from "./track.ts";

const CLOSED = ["yes", "edge"] as const;
const WARM = ["no", "edge", "yes"] as const;
const BEGIN = ["record", "edge", "genesis"] as const;
const END = ["record", "edge", "lysis"] as const;

/**
 * Tracks as a dataset of CF trajectories in a contiguous ragged array: the times of all tracks follow each other along `obs`, and
 * `row_size` says how many each track has. What no track has (wind, vorticity, …) is left out.
 *
 * @param options - `calendar` of the data the tracks were found in; `standard`. `attributes` beside those of CF.
 * @see CF 1.11, appendix H.4.3.
 */
export function tracksDataset(
  tracks: readonly StormTrack[],
  { calendar = "standard", attributes = {} }: { readonly calendar?: string; readonly attributes?: Attributes } = {},
): Dataset {
  const points = tracks.flatMap((track) => track.points);
  const has = (name: keyof TrackPoint): boolean => points.some((point) => point[name] !== undefined);
  const numbers = (
    name: "lat" | "lon" | "hours" | "pressure" | "windSpeed" | "vorticity",
    described: Attributes,
  ): VariableInit => ({
    array: new NdArray(
      Float64Array.from(points, (point) => point[name] ?? Number.NaN),
      { dtype: "float64", shape: [points.length], dims: ["obs"] },
    ),
    attributes: {
      ...described,
      ...(name !== "lat" && name !== "lon" && name !== "hours" && { coordinates: "time lat lon" }),
    },
  });
  const flags = <T>(all: readonly T[], { dim, meanings, of, long }: Flags<T>): VariableInit => ({
    array: new NdArray(
      Int8Array.from(all, (each) => meanings.indexOf(of(each) ?? "")),
      { dtype: "int8", shape: [all.length], dims: [dim] },
    ),
    attributes: {
      long_name: long,
      flag_values: new NdArray(
        Int8Array.from(["", ...meanings], (_, i) => i - 1),
        { dtype: "int8", shape: [meanings.length + 1] },
      ),
      flag_meanings: ["unknown", ...meanings].join(" "),
    },
  });
  const label = (text: readonly string[], described: Attributes): VariableInit => ({
    array: new NdArray([...text], { dtype: "string", shape: [text.length], dims: ["trajectory"] }),
    attributes: described,
  });
  return dataset({
    dims: { trajectory: tracks.length, obs: points.length },
    attributes: { Conventions: "CF-1.11", featureType: "trajectory", ...attributes },
    variables: {
      trajectory: label(
        tracks.map(({ id }) => id),
        { cf_role: "trajectory_id", long_name: "number of the track" },
      ),
      ...(tracks.some(({ name }) => name !== undefined) && {
        name: label(
          tracks.map(({ name = "" }) => name),
          { long_name: "name of the storm" },
        ),
      }),
      row_size: {
        array: new NdArray(
          Int32Array.from(tracks, (track) => track.points.length),
          { dtype: "int32", shape: [tracks.length], dims: ["trajectory"] },
        ),
        attributes: { sample_dimension: "obs", long_name: "number of times of the track" },
      },
      begin: flags(tracks, {
        dim: "trajectory",
        meanings: BEGIN,
        of: ({ begin }) => begin,
        long: "why the track begins: it is the first step of the data, the storm came over their edge, or it arose",
      }),
      end: flags(tracks, {
        dim: "trajectory",
        meanings: END,
        of: ({ end }) => end,
        long: "why the track ends: it is the last step of the data, the storm went over their edge, or it filled",
      }),
      time: numbers("hours", { standard_name: "time", axis: "T", units: "hours since 1970-01-01", calendar }),
      lat: numbers("lat", { standard_name: "latitude", units: "degrees_north" }),
      lon: numbers("lon", { standard_name: "longitude", units: "degrees_east" }),
      ...(has("pressure") && {
        pressure: numbers("pressure", { long_name: "lowest pressure of the grid", units: "Pa" }),
      }),
      ...(has("windSpeed") && {
        wind_speed: numbers("windSpeed", {
          standard_name: "wind_speed",
          long_name: "greatest wind speed around the centre",
          units: "m s-1",
        }),
      }),
      ...(has("vorticity") && {
        vorticity: numbers("vorticity", {
          long_name: "greatest vorticity around the centre, positive where cyclonic",
          units: "s-1",
        }),
      }),
      ...(has("closed") && {
        closed: flags(points, {
          dim: "obs",
          meanings: CLOSED,
          of: ({ closed }) => closed,
          long: "whether the contour is closed, or meets the end of the data",
        }),
      }),
      ...(has("warmCore") && {
        warm_core: flags(points, {
          dim: "obs",
          meanings: WARM,
          of: ({ warmCore }) => warmCore,
          long: "whether the storm has a warm core",
        }),
      }),
    },
  });
}

interface Flags<T> {
  readonly dim: string;
  readonly meanings: readonly string[];
  readonly of: (each: T) => string | undefined;
  readonly long: string;
}
