import { resolve } from "node:path";
import type { StormDomain, StormTrack, TrackMatch } from "../thematic/climate/index.ts";
import { type ClimateChoice, parseNumbers, withClimateData } from "./climate-data.ts";
import { stormInputs } from "./climate-storm-inputs.ts";
import type { CommandIo } from "./command.ts";
import { UsageError } from "./errors.ts";
import { readText } from "./read-text.ts";
import { formatTable } from "./table.ts";

/** What was typed for `climate tracks`. */
export interface TracksChoice extends ClimateChoice {
  readonly var: readonly string[];
  readonly unit: readonly string[];
  readonly timeUnit?: string | undefined;
  readonly calendar?: string | undefined;
  readonly closedContour: string;
  readonly mergeDistance: number;
  readonly range: number;
  readonly minTime: number;
  readonly maxGap: number;
  readonly minClosed: number;
  readonly anomaly: boolean;
  readonly maxHeight?: number | undefined;
  readonly warmCore?: "thickness" | "temperature" | undefined;
  readonly tropical: boolean;
  readonly reference?: string | undefined;
  readonly within?: number | undefined;
  readonly memory: number;
}

interface Comparison extends TrackMatch {
  readonly withinKm: number;
  /** Centres of the reference that lie in the times and the area of the data, and all of them. */
  readonly judged: number;
  readonly all: number;
}

/** `climate tracks` */
export async function findTracks(choice: TracksChoice, io: CommandIo): Promise<void> {
  const { stormDomain, stormTracks, tracksCsv, tracksDataset } = await import("../thematic/climate/index.ts");
  const [rise, radius, ...rest] = parseNumbers("--closed-contour", choice.closedContour);
  if (rise === undefined || radius === undefined || rest.length > 0) {
    throw new UsageError(`--closed-contour ${choice.closedContour}: write Pa,degrees, such as 200,5.5.`);
  }
  if (choice.within !== undefined && choice.reference === undefined) {
    throw new UsageError("--within is for --reference: how far storms may be from it.");
  }
  if (choice.calendar !== undefined && choice.timeUnit === undefined) {
    throw new UsageError("--calendar is for --time-unit: files that state times state their calendar.");
  }
  // Before anything is computed: a file that is no reference is found out at once.
  const reference = choice.reference === undefined ? undefined : await readReference(choice.reference, io);
  const facts = await withClimateData({ ...choice, texts: [".csv"] }, io, async ({ dataset, write }) => {
    const inputs = stormInputs(dataset, choice);
    const domain = await stormDomain(dataset, inputs.pressure.name, choice);
    const doing = `finding storms in ${inputs.pressure.name}`;
    io.progress(0, doing);
    const tracks = await stormTracks(dataset, {
      ...inputs,
      contour: { rise, radius },
      mergeRadius: choice.mergeDistance,
      range: { degrees: choice.range, hours: 6 },
      minHours: choice.minTime,
      maxGapHours: choice.maxGap,
      minClosedSteps: choice.minClosed,
      anomaly: choice.anomaly,
      ...(choice.tropical && { tropical: true }),
      ...(domain.steps > 0 && { steps: { first: 0, last: domain.steps - 1 } }),
      maxBytes: choice.memory * 1e6,
      signal: io.signal,
      onProgress: (fraction) => io.progress(fraction, doing),
    });
    const { calendar } = domain;
    await write(tracksDataset(tracks, { calendar }), () => tracksCsv(tracks));
    return { tracks, calendar, domain, match: reference && (await compare(tracks, reference, domain, choice)) };
  });
  const { tracks, calendar, match } = facts;
  if (io.json) return io.printJson({ tracks, calendar, match: match ?? null, out: choice.out ?? null });
  io.print(`${io.style.bold(String(tracks.length))} ${tracks.length === 1 ? "track" : "tracks"}`);
  if (tracks.length > 0) io.print(trackTable(tracks));
  if (match) io.print(matchText(match));
  if (choice.out !== undefined) io.print(`${choice.out}: written`);
}

async function readReference(file: string, io: CommandIo): Promise<readonly StormTrack[]> {
  const { readHurdat, readTracksCsv } = await import("../thematic/climate/index.ts");
  const text = await readText(resolve(io.cwd, file));
  return /\.csv$/i.test(file) ? readTracksCsv(text) : readHurdat(text);
}

async function compare(
  tracks: readonly StormTrack[],
  reference: readonly StormTrack[],
  domain: StormDomain,
  { within = 300 }: Pick<TracksChoice, "within">,
): Promise<Comparison> {
  const { matchTracks, tracksWithin } = await import("../thematic/climate/index.ts");
  const judged = tracksWithin(reference, domain);
  const count = (of: readonly StormTrack[]): number => of.reduce((sum, { points }) => sum + points.length, 0);
  return {
    ...matchTracks(tracks, judged, { withinKm: within }),
    ...{ withinKm: within, judged: count(judged), all: count(reference) },
  };
}

function trackTable(tracks: readonly StormTrack[]): string {
  const columns = [
    ...[{ name: "track" }, { name: "begin" }, { name: "why" }, { name: "end" }, { name: "why" }],
    ...[{ name: "hours" }, { name: "from" }, { name: "to" }],
    ...[
      { name: "lowest", unit: "hPa", digits: 5 },
      { name: "wind", unit: "m s-1", digits: 3 },
    ],
  ];
  const rows = tracks.map(({ id, name, points, begin = "", end = "" }) => {
    const [first, last] = [points[0], points.at(-1)];
    const place = (point: typeof first): string => `${point?.lat.toFixed(1)}, ${point?.lon.toFixed(1)}`;
    const pressures = points.flatMap(({ pressure }) => pressure ?? []);
    const winds = points.flatMap(({ windSpeed }) => windSpeed ?? []);
    return [
      ...[name ?? id, first?.time ?? "", begin, last?.time ?? "", end, (last?.hours ?? 0) - (first?.hours ?? 0)],
      ...[place(first), place(last)],
      ...[pressures.length > 0 ? Math.min(...pressures) / 100 : null, winds.length > 0 ? Math.max(...winds) : null],
    ];
  });
  return formatTable({ columns, rows });
}

function matchText(match: Comparison): string {
  const { hits, misses, falseAlarms, notJudged, pod, far, meanErrorKm, maxErrorKm, withinKm, judged, all } = match;
  const ratio = (value: number): string => (Number.isNaN(value) ? "–" : value.toFixed(3));
  return [
    `reference: ${judged} of its ${all} centres lie in the times and the area of the data; a hit is within ${withinKm} km`,
    `hits ${hits}, misses ${misses} (POD ${ratio(pod)}), false alarms ${falseAlarms} (FAR ${ratio(far)}), ${notJudged} found at times of which it says nothing`,
    ...(hits > 0
      ? [`error of the centre: mean ${meanErrorKm.toFixed(0)} km, greatest ${maxErrorKm.toFixed(0)} km`]
      : []),
  ].join("\n");
}
