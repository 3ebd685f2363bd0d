import type { Served, TimedCount } from "../../models/served.ts";
import type { InferenceHandlers, ModelStatisticsInit } from "../../protocol/messages.ts";
import { checkModel } from "../access.ts";
import type { ServerCore } from "../server-core.ts";
import { unary } from "./unary.ts";

/** Answers what models have done; all that the caller may see where no name is given. */
export function statisticsHandlers(core: ServerCore): Pick<InferenceHandlers, "ModelStatistics"> {
  return {
    ModelStatistics: unary(core, "ModelStatistics", ({ name = "", version = "" }, { caller }) => {
      if (name === "") {
        return { model_stats: core.models.all.filter((each) => caller.may(each.name)).map(statisticsOf) };
      }
      checkModel(caller, name);
      return { model_stats: [statisticsOf(core.models.find(name, version))] };
    }),
  };
}

function statisticsOf({ name, version, statistics }: Served): ModelStatisticsInit {
  return {
    name,
    version,
    last_inference: Math.round(statistics.lastInferenceMs),
    inference_count: statistics.inferenceCount,
    execution_count: statistics.executionCount,
    inference_stats: {
      success: durationOf(statistics.success),
      fail: durationOf(statistics.fail),
      queue: durationOf(statistics.queue),
      compute_input: durationOf(statistics.computeInput),
      compute_infer: durationOf(statistics.computeInfer),
      compute_output: durationOf(statistics.computeOutput),
    },
    batch_stats: statistics.batches.map((batch) => ({
      batch_size: batch.batchSize,
      compute_input: durationOf(batch.computeInput),
      compute_infer: durationOf(batch.computeInfer),
      compute_output: durationOf(batch.computeOutput),
    })),
  };
}

function durationOf({ count, ns }: TimedCount): { count: number; ns: string } {
  return { count, ns: String(ns) };
}
