import type { Dataset } from "../../../core/index.ts";
import type { StormCandidate } from "./candidate.ts";
import { stormsIn } from "./detect.ts";
import { openFields } from "./open-fields.ts";
import type { DetectStormsOptions } from "./options.ts";
import { type TrackStormsOptions, trackStorms } from "./stitch.ts";
import type { StormTrack } from "./track.ts";

/** What storms are found in, and how they become tracks. */
export type StormTracksOptions = DetectStormsOptions & TrackStormsOptions;

/**
 * Finds the storms of a dataset and stitches them to tracks: `detectStorms`, then `trackStorms`. Of the fields one block is held at a
 * time; candidates are all held.
 *
 * @throws As `detectStorms` and `trackStorms`.
 *
 * @example
 * const tracks = await stormTracks(file, { pressure: "psl", u: "uas", v: "vas" });
 * await files.write("tracks.nc", tracksDataset(tracks));
 */
export async function stormTracks(dataset: Dataset, options: StormTracksOptions): Promise<readonly StormTrack[]> {
  // What is wrong in the options for stitching is told before anything is read.
  trackStorms([], options);
  const fields = await openFields(dataset, options);
  const candidates: StormCandidate[] = [];
  for await (const candidate of stormsIn(fields, options)) candidates.push(candidate);
  return trackStorms(candidates, { steps: { first: 0, last: fields.axis.length - 1 }, ...options });
}
