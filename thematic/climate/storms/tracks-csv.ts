import { ClimateInputError } from "../errors.ts";
import { wrapLongitude } from "./sphere.ts";
import type { StormTrack, TrackPoint } from "./track.ts";
import { trackTime } from "./track-time.ts";

/** One time of one track, as plain values. */
export type TrackRow = Readonly<Record<string, string | number>>;

const NEEDED = ["track_id", "year", "month", "day", "hour", "lon", "lat"] as const;

/**
 * Reads tracks as CSV with a header, as TempestExtremes (StitchNodes) writes them: columns `track_id, year, month, day, hour, lon, lat`
 * and, where they are there, `slp` (Pa) and `wind10` (m s-1); others are passed over. `tracksCsv` writes the same.
 *
 * @returns Tracks in the order in which they begin in the file.
 * @throws `TWIN_CLIMATE_INPUT_INVALID` for columns that are not there, and with the number of the line that is damaged.
 */
export function readTracksCsv(text: string): readonly StormTrack[] {
  const [head = "", ...lines] = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const columns = head.split(",").map((name) => name.trim());
  const absent = NEEDED.filter((name) => !columns.includes(name));
  if (absent.length > 0) {
    throw new ClimateInputError(
      `The first line of the tracks must name the columns ${NEEDED.join(", ")}; ${absent.join(", ")} are not there. It is "${head.slice(0, 80)}".`,
    );
  }
  const tracks = new Map<string, TrackPoint[]>();
  lines.forEach((line, i) => {
    if (line.trim() === "") return;
    const values = line.split(",").map((value) => value.trim());
    if (values.length !== columns.length)
      throw damaged(i, line, `it has ${values.length} values for ${columns.length} columns`);
    const { id, point } = csvPoint(
      Object.fromEntries(columns.map((name, column) => [name, values[column] ?? ""])),
      (why) => damaged(i, line, why),
    );
    const points = tracks.get(id) ?? [];
    if (points.length > 0 && point.hours <= (points.at(-1) as TrackPoint).hours)
      throw damaged(i, line, "times of a track must increase");
    points.push(point);
    tracks.set(id, points);
  });
  return [...tracks].map(([id, points]) => ({ id, points }));
}

function csvPoint(
  row: Readonly<Record<string, string>>,
  fail: (why: string) => ClimateInputError,
): { readonly id: string; readonly point: TrackPoint } {
  const number = (name: string): number => {
    const value = row[name] ?? "";
    if (value !== "" && Number.isFinite(Number(value))) return Number(value);
    throw fail(`${name} is "${value}", which is no number`);
  };
  const moment = trackTime([...["year", "month", "day", "hour"].map(number), row["minute"] ? number("minute") : 0]);
  if (moment === undefined) throw fail("the date does not exist");
  const [lat, lon] = [number("lat"), number("lon")];
  if (Math.abs(lat) > 90 || Math.abs(lon) > 360) throw fail("the place does not exist");
  const id = row["track_id"];
  if (!id) throw fail("track_id is empty");
  return {
    // 1207.0 is 1207: pandas writes it so beside a missing value.
    id: /^\d+\.0+$/.test(id) ? String(Number(id)) : id,
    point: {
      ...moment,
      lat,
      lon: wrapLongitude(lon),
      ...(row["slp"] && { pressure: number("slp") }),
      ...(row["wind10"] && { windSpeed: number("wind10") }),
    },
  };
}

function damaged(i: number, line: string, why: string): ClimateInputError {
  return new ClimateInputError(
    `Line ${i + 2} of the tracks is "${line.slice(0, 80)}": ${why}. The file may be cut or damaged; get it again.`,
  );
}

/** The times of all tracks, one row each: as `readTracksCsv` reads them, and what else is known of the storm. */
export function trackRows(tracks: readonly StormTrack[]): readonly TrackRow[] {
  return tracks.flatMap(({ id, points }) =>
    points.map((point) => {
      const [date = "", clock = ""] = point.time.split("T");
      const [year, month, day] = date.replace(/^-/, "").split("-").map(Number);
      const [hour, minute] = clock.split(":").map(Number);
      const { lon, lat, pressure, windSpeed, closed, warmCore, vorticity } = point;
      return {
        track_id: id,
        ...{
          year: date.startsWith("-") ? -(year ?? 0) : (year ?? 0),
          month: month ?? 1,
          day: day ?? 1,
          hour: hour ?? 0,
          minute: minute ?? 0,
        },
        ...{
          lon,
          lat,
          slp: pressure ?? "",
          wind10: windSpeed ?? "",
          closed: closed ?? "",
          warm_core: warmCore ?? "",
          vorticity: vorticity ?? "",
        },
      };
    }),
  );
}

/** {@link trackRows} as CSV with a header. Numbers are as exact as they are. */
export function tracksCsv(tracks: readonly StormTrack[]): string {
  const columns = [
    "track_id",
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "lon",
    "lat",
    "slp",
    "wind10",
    "closed",
    "warm_core",
    "vorticity",
  ];
  const lines = trackRows(tracks).map((row) => columns.map((name) => row[name] ?? "").join(","));
  return `${[columns.join(","), ...lines].join("\n")}\n`;
}
