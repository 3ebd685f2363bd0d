import { ClimateInputError } from "../errors.ts";
import type { StormTrack, TrackPoint } from "./track.ts";
import { trackTime } from "./track-time.ts";

/** Metres per second. */
const KNOT = 1852 / 3600;

/**
 * Reads tracks of tropical cyclones in the HURDAT2 text format: a line `AL092021, IDA, 40,` before so many lines of
 * `20210826, 1200,  , TD, 16.5N, 78.9W, 30, 1006, …`. Pressure is in Pa and wind in m s-1; what is missing (-99, -999) is left out.
 *
 * @returns Tracks whose `id` is that of the file (`"AL092021"`), in its order.
 * @throws `TWIN_CLIMATE_INPUT_INVALID` with the number of the line that is damaged.
 * @see C. W. Landsea and J. L. Franklin, Mon. Weather Rev. 141 (2013) 3576; "The revised Atlantic hurricane database (HURDAT2)", NHC.
 */
export function readHurdat(text: string): readonly StormTrack[] {
  const lines = text.split(/\r?\n/);
  const tracks: StormTrack[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] as string;
    if (line.trim() === "") continue;
    const header = /^([A-Z]{2}\d{6}),\s*([^,]*?)\s*,\s*(\d+)\s*,?\s*$/.exec(line);
    if (!header) throw damaged(at, line, "a storm begins with a line such as AL092021, IDA, 40,");
    const [, id = "", name = "", count = ""] = header;
    const points: TrackPoint[] = [];
    for (let i = 0; i < Number(count); i++) points.push(hurdatPoint(lines[++at] ?? "", at));
    points.forEach((point, i) => {
      const before = points[i - 1];
      if (before && point.hours <= before.hours)
        throw damaged(
          at - points.length + 1 + i,
          lines[at - points.length + 1 + i] ?? "",
          "times of a storm must increase",
        );
    });
    tracks.push({ id, name, points });
  }
  return tracks;
}

function hurdatPoint(line: string, at: number): TrackPoint {
  const [date = "", time = "", , , north = "", east = "", wind = "", pressure = ""] = line
    .split(",")
    .map((field) => field.trim());
  const when = /^(\d{4})(\d{2})(\d{2})$/.exec(date);
  const clock = /^(\d{2})(\d{2})$/.exec(time);
  const lat = /^(\d+(?:\.\d+)?)([NS])$/.exec(north);
  const lon = /^(\d+(?:\.\d+)?)([EW])$/.exec(east);
  const numbers = [wind, pressure].every((field) => /^-?\d+$/.test(field));
  if (!when || !clock || !lat || !lon || !numbers) {
    throw damaged(at, line, "a time of a storm is a line such as 20210826, 1200,  , TD, 16.5N, 78.9W, 30, 1006, …");
  }
  const moment = trackTime([...when.slice(1), ...clock.slice(1)].map(Number));
  const [degrees, along] = [Number(lat[1]), Number(lon[1])];
  if (moment === undefined || degrees > 90 || along > 360)
    throw damaged(at, line, "the date, or the place, does not exist");
  const eastwards = lon[2] === "E" ? along : -along;
  return {
    ...moment,
    lat: lat[2] === "N" ? degrees : -degrees,
    lon: eastwards < -180 ? eastwards + 360 : eastwards >= 180 ? eastwards - 360 : eastwards,
    ...(Number(pressure) > 0 && { pressure: Number(pressure) * 100 }),
    ...(Number(wind) >= 0 && { windSpeed: Number(wind) * KNOT }),
  };
}

function damaged(at: number, line: string, wanted: string): ClimateInputError {
  const shown = line.length > 80 ? `${line.slice(0, 80)}…` : line;
  return new ClimateInputError(
    `Line ${at + 1} of the HURDAT2 text is "${shown}": ${wanted}. The file may be cut or damaged; get it again.`,
  );
}
