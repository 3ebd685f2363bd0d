import { z } from "zod";
import { Connector, definePlugin, many, type PluginFactory, Source } from "../../core/index.ts";
import { Root } from "./root.ts";

/** Options of {@link root}. */
export interface RootOptions {
  /** Bytes of decoded baskets kept in memory for neighbouring reads; 64 MB by default. */
  readonly cacheBytes?: number;
  /** Time without any progress after which reading is given up, ms; 60,000 by default. */
  readonly timeoutMs?: number;
}

/**
 * Reads ROOT files: trees and histograms, in this process.
 *
 * Needs the package `jsroot`; without it, opening a file is `TWIN_PACKAGE_MISSING` with the install line.
 *
 * How a ROOT file becomes a dataset: a tree is a group with the dimension `entry`; a branch of varying length a group of
 * `counts` and `values` (CF's contiguous ragged array); a histogram a group of `values`, `variances` and its axes; a folder
 * a group. Of several cycles the newest has the plain name. What cannot be read is in `problems`; RNTuples are
 * `TWIN_ROOT_UNSUPPORTED`: {@link exportRoot}, or `twinloom root export`, makes HDF5 of them with uproot.
 *
 * @example
 * await using twin = await createTwin({ plugins: { files: root() } });
 * await using file = await twin.files.open("events.root");
 * const mass = await findVariable(file, "/events/M").read({ entry: { stop: 1000 } });
 */
export const root: PluginFactory<RootOptions, Root> = definePlugin({
  name: "twinloom/modules/root",
  version: "0.1.0",
  provides: Connector,
  needs: { sources: many(Source) },
  options: z.object({
    cacheBytes: z
      .number()
      .int()
      .min(0)
      .default(64e6)
      .describe("Bytes of decoded baskets kept in memory for neighbouring reads."),
    timeoutMs: z
      .number()
      .int()
      .min(1)
      .default(60_000)
      .describe("Time without any progress after which reading is given up, ms."),
  }),
  create: ({ sources }, options) => new Root({ ...options, sources }),
});

export { FormatReadOnlyError, RootUnsupportedError } from "./errors.ts";
export { PythonUnavailableError, RootExportError } from "./export/errors.ts";
export { type ExportRootOptions, type ExportRootResult, exportRoot } from "./export/export-root.ts";
export type { PythonEnvironmentOptions } from "./export/python-environment.ts";
export type { Root } from "./root.ts";
export type { RootDataset, RootProblem } from "./root-dataset.ts";
