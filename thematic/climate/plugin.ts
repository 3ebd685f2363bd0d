import { z } from "zod";
import { definePlugin, InvalidArgumentError, Model, optional, type PluginFactory } from "../../core/index.ts";
import { Climate } from "./contracts.ts";
import { blockMaxima } from "./extremes/block-maxima.ts";
import { detectExtremes } from "./extremes/detect-extremes.ts";
import { fitEofScorer } from "./extremes/eof-scorer.ts";
import { modelScorer } from "./extremes/model-scorer.ts";
import { returnLevels } from "./extremes/return-levels.ts";
import { climateIndex } from "./indices/climate-index.ts";
import { INDICES } from "./indices/index.ts";
import { stormTracks } from "./storms/storm-tracks.ts";
import { climateExtremesTask } from "./tasks/extremes.ts";
import { climateIndexTask } from "./tasks/index-task.ts";
import { climateTracksTask } from "./tasks/tracks.ts";

const Options = z.strictObject({});

/** Options of {@link climate}: none. */
export type ClimateOptions = z.input<typeof Options>;

/**
 * Climate indices, extremes and storms as a part of a twin. Its tasks are `climate-index`, `climate-extremes` and
 * `climate-tracks`, for `twinloom run`, `twinloom submit` and reruns. With a model (`onnx`) extreme events can be told by it.
 *
 * @example
 * await using twin = await createTwin({ name: "heat", plugins: { files: netcdf(), hdf: hdf5(), climate: climate() } });
 * await using days = await twin.files.open("tasmax.nc");
 * const frost = await twin.climate.index(days, "SU");
 */
export const climate: PluginFactory<ClimateOptions, Climate> = definePlugin({
  name: "twinloom/thematic/climate",
  version: "0.1.0",
  provides: Climate,
  needs: { model: optional(Model) },
  options: Options,
  tasks: [climateIndexTask, climateExtremesTask, climateTracksTask],
  create: ({ model }): Climate => ({
    indices: INDICES,
    index: climateIndex,
    blockMaxima,
    returnLevels,
    fitEofScorer,
    detectExtremes,
    stormTracks,
    model,
    modelScorer: (options) => {
      if (model) return modelScorer(model, options);
      throw new InvalidArgumentError(
        "This twin has no model to score fields with. Add a part such as onnx({ file }), or score by patterns (fitEofScorer).",
      );
    },
  }),
});
