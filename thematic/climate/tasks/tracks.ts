import { readFile } from "node:fs/promises";
import { z } from "zod";
import { defineTask, InvalidArgumentError, type Task, writeFileAtomically } from "../../../core/index.ts";
import { readHurdat } from "../storms/hurdat.ts";
import { matchTracks } from "../storms/match.ts";
import type { StormTrack } from "../storms/track.ts";
import { readTracksCsv, tracksCsv } from "../storms/tracks-csv.ts";
import { tracksDataset } from "../storms/tracks-dataset.ts";
import { stormDomain, tracksWithin } from "./storm-domain.ts";
import { DATA_INPUTS, DATA_NEEDS, DATA_PARAMETERS, withTaskData, writeNetcdf } from "./task-data.ts";

const field = z.union(
  [z.string().min(1), z.strictObject({ name: z.string().min(1), unit: z.string().min(1).optional() })],
  { error: "It must be the name of a variable, or { name, unit } where its file states no unit." },
);

const Parameters = z.strictObject({
  pressure: field.describe("Pressure at sea level: a name, or { name, unit } where the file states no unit."),
  u: field.optional().describe("Wind at 10 m to the east; with v."),
  v: field.optional().describe("Wind at 10 m to the north."),
  rise: z.number().positive().default(200).describe("How much pressure rises around a storm, Pa."),
  radius: z.number().positive().max(90).default(5.5).describe("Within how many degrees of arc."),
  mergeRadius: z.number().min(0).max(90).default(6).describe("Of nearer lows, one is taken; degrees."),
  range: z.number().positive().default(8).describe("How far a storm moves in 6 hours at most, degrees."),
  minHours: z.number().min(0).default(54).describe("Shortest track, hours."),
  maxGapHours: z.number().positive().default(24).describe("Longest time without the storm within a track, hours."),
  minClosedSteps: z
    .int()
    .min(0)
    .default(1)
    .describe("Steps with a closed contour; 0 keeps tracks along the edge, too."),
  anomaly: z.boolean().default(false).describe("Find lows in the difference from the mean of all steps."),
  timeUnit: z.string().optional().describe("What times count, where files do not state it: hours since 1996-01-05."),
  calendar: z
    .string()
    .optional()
    .describe("With timeUnit, the calendar of the data: noleap, 360_day; standard by default."),
  withinKm: z.number().positive().default(300).describe("How far a storm may be from one of the reference, km."),
  ...DATA_PARAMETERS,
});
const inputs = {
  ...DATA_INPUTS,
  reference: { description: "Tracks to compare with: HURDAT2, or .csv as this task writes it.", optional: true },
} as const;
const outputs = {
  tracks: { description: "Tracks as CF trajectories.", file: "tracks.nc" },
  table: { description: "The same as CSV, a line for each time of each track.", file: "tracks.csv" },
} as const;

/** Finds storms and follows them. */
export const climateTracksTask: Task<typeof Parameters, typeof DATA_NEEDS, keyof typeof inputs, keyof typeof outputs> =
  defineTask({
    name: "climate-tracks",
    description: "Find storms in fields of pressure and stitch them to tracks.",
    parameters: Parameters,
    needs: DATA_NEEDS,
    inputs,
    outputs,
    run: async (context) => {
      const { parameters, needs, inputs: files, outputs: paths, signal } = context;
      if (parameters.calendar !== undefined && parameters.timeUnit === undefined) {
        throw new InvalidArgumentError(
          "`calendar` is for `timeUnit`: data that state what their times count state their calendar, too.",
        );
      }
      const reference = files.reference === undefined ? undefined : await readReference(files.reference, signal);
      return await withTaskData(context, async (dataset) => {
        const doing = "finding storms";
        context.progress(0, doing);
        const { rise, radius, range, mergeRadius, minHours, maxGapHours, minClosedSteps } = parameters;
        const { pressure, u, v, anomaly, timeUnit, calendar, memoryMb } = parameters;
        const domain = await stormDomain(dataset, named(pressure).name, { timeUnit, calendar });
        const tracks = await needs.climate.stormTracks(dataset, {
          ...{ pressure: named(pressure), mergeRadius, minHours, maxGapHours, minClosedSteps, anomaly, signal },
          ...(u !== undefined && { u: named(u) }),
          ...(v !== undefined && { v: named(v) }),
          contour: { rise, radius },
          range: { degrees: range, hours: 6 },
          ...(timeUnit !== undefined && { times: { unit: timeUnit, calendar: domain.calendar } }),
          ...(domain.steps > 0 && { steps: { first: 0, last: domain.steps - 1 } }),
          maxBytes: memoryMb * 1e6,
          onProgress: (fraction) => context.progress(fraction, doing),
        });
        await writeNetcdf(paths.tracks, tracksDataset(tracks, { calendar: domain.calendar }), context);
        await writeFileAtomically(paths.table, tracksCsv(tracks), { signal, existing: "replace" });
        const points = tracks.reduce((sum, track) => sum + track.points.length, 0);
        if (reference === undefined) return { tracks: tracks.length, points };
        const match = matchTracks(tracks, tracksWithin(reference, domain), { withinKm: parameters.withinKm });
        const { hits, misses, falseAlarms, notJudged, pod, far, meanErrorKm, maxErrorKm } = match;
        return {
          ...{ tracks: tracks.length, points, hits, misses, falseAlarms, notJudged },
          ...{ pod: finite(pod), far: finite(far), meanErrorKm: finite(meanErrorKm), maxErrorKm: finite(maxErrorKm) },
        };
      });
    },
  });

function named(given: z.output<typeof field>): { readonly name: string; readonly unit?: string } {
  if (typeof given === "string") return { name: given };
  return { name: given.name, ...(given.unit !== undefined && { unit: given.unit }) };
}

async function readReference(file: string, signal: AbortSignal): Promise<readonly StormTrack[]> {
  const text = await readFile(file, { encoding: "utf8", signal });
  // HURDAT2 names no columns.
  return /^\uFEFF?[^\n]*track_id/.test(text) ? readTracksCsv(text) : readHurdat(text);
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
