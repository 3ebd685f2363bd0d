import { CLIMATE_OPTIONS } from "../climate-options.ts";
import { type Command, defineCommand } from "../command.ts";

const { out, level, replace, ...COMMON } = CLIMATE_OPTIONS;

export const climateTracks: Command = defineCommand({
  path: ["climate", "tracks"],
  summary: "Find storms and follow them",
  description:
    "Finds lows of pressure with a closed contour at each step, and stitches them to tracks, as TempestExtremes does. Lows at " +
    "the edge of the data are kept and marked. The defaults are those published for tropical cyclones in six-hourly data; " +
    "--tropical needs a warm core (--var upper=… --var lower=…) and wind, and was tried on analytic vortices only. Several " +
    "files, a folder or a pattern are one dataset.",
  arguments: { files: { description: "files, folders or patterns to find storms in", many: true } },
  options: {
    ...COMMON,
    var: {
      kind: "text",
      placeholder: "input=name",
      description:
        "variable of an input: pressure (at sea level), u, v (wind at 10 m), upper, lower (of the warm core), lower-u, lower-v (wind at 850 hPa), orography",
      many: true,
    },
    unit: {
      kind: "text",
      placeholder: "input=unit",
      description: "unit of an input whose file states none: pressure=Pa",
      many: true,
    },
    timeUnit: {
      kind: "text",
      placeholder: "unit",
      description: "what times count, in files that do not state it: 'hours since 1996-01-05'",
    },
    calendar: {
      kind: "text",
      placeholder: "calendar",
      description: "with --time-unit: noleap, 360_day and so on (default: standard)",
    },
    closedContour: {
      kind: "text",
      placeholder: "Pa,degrees",
      description: "how much pressure rises within how many degrees of arc around a storm",
      default: "200,5.5",
    },
    mergeDistance: {
      kind: "number",
      placeholder: "degrees",
      description: "of lows nearer to each other than this, the lowest is taken",
      default: 6,
      min: 0,
    },
    range: {
      kind: "number",
      placeholder: "degrees",
      description: "how far a storm moves in 6 hours at most",
      default: 8,
      above: 0,
    },
    minTime: { kind: "number", placeholder: "hours", description: "shortest track [h]", default: 54, min: 0 },
    maxGap: {
      kind: "number",
      placeholder: "hours",
      description: "longest time without the storm within a track [h]",
      default: 24,
      above: 0,
    },
    minClosed: {
      kind: "integer",
      placeholder: "steps",
      description: "steps at which the contour is closed within the data; 0 keeps tracks along the edge, too",
      default: 1,
      min: 0,
    },
    anomaly: {
      kind: "flag",
      description: "find lows in the difference from the mean of all steps: pressure that is not reduced to sea level",
    },
    maxHeight: {
      kind: "number",
      placeholder: "m",
      description: "with --var orography=…: leave out lows above this height [m] (default: 1000)",
    },
    warmCore: {
      kind: "text",
      placeholder: "by",
      description: "what upper and lower are: thickness (geopotential heights) or temperature (default: thickness)",
      choices: ["thickness", "temperature"],
    },
    tropical: {
      kind: "flag",
      description: "tropical storms only: 10 steps with a warm core, 10 m/s, within 50 degrees",
    },
    reference: {
      kind: "text",
      placeholder: "file",
      description: "tracks to compare with: HURDAT2 (.txt), or .csv as this command writes it",
    },
    within: {
      kind: "number",
      placeholder: "km",
      description: "with --reference: how far a storm that was found may be from it [km] (default: 300)",
      above: 0,
    },
    out: { ...out, description: "file to write: .nc, .zarr or .h5 (CF trajectories), or .csv" },
    level,
    replace,
  },
  example: [
    "twinloom climate tracks psl.nc uas.nc vas.nc --merge --out tracks.nc",
    "twinloom climate tracks Pstorm.cdf --var pressure=p --unit pressure=Pa --time-unit 'hours since 1996-01-05' --out tracks.csv",
    "twinloom climate tracks era5.nc --var pressure=msl --slice latitude=0..60 --reference hurdat2.txt --json",
  ],
  run: async ({ files }, options, io) => {
    const { findTracks } = await import("../climate-tracks.ts");
    await findTracks({ ...options, files }, io);
  },
});
