import type { RunRecord } from "../../run/run-record.ts";
import {
  type Cause,
  type Difference,
  LAYERS,
  type Layer,
  type LayerComparison,
  type OutputComparison,
} from "./report.ts";

/** Differences named in one message; the layer has them all. */
const MOST_NAMED = 3;

/** What may explain that outputs differ, the likeliest first: what is known to differ before what is not known. */
export function rankCauses(
  layers: Readonly<Record<Layer, LayerComparison>>,
  { runs, outputs }: { readonly runs: readonly [RunRecord, RunRecord]; readonly outputs: readonly OutputComparison[] },
): Cause[] {
  const failures = runs.flatMap((run, index) => failureOf(run, index === 0 ? "original" : "repeat"));
  const unequal = outputs.filter(({ match }) => match !== "bitwise" && match !== "canonical");
  const baseless = causesWithoutBasis(outputs);
  const isSame = failures.length === 0 && unequal.length === 0 && baseless.length === 0;
  if (isSame && layers.data.state !== "different") return [];
  const [different, unknown] = (["different", "unknown"] as const).map((state) =>
    LAYERS.filter((layer) => layers[layer].state === state).map((layer) => ({
      layer,
      message: SENTENCES[layer][state](layers[layer].differences),
    })),
  ) as [Cause[], Cause[]];
  const first = unequal.find(({ output }) => output !== null) ?? unequal[0];
  const chance: Cause[] =
    different.length === 0 && failures.length === 0 && baseless.length === 0 && first !== undefined
      ? [
          {
            layer: "execution",
            message: `Nothing that the records hold differs: is step "${first.step}" deterministic?`,
          },
        ]
      : [];
  return [...failures, ...baseless, ...different, ...chance, ...unknown];
}

/** Why outputs say nothing of each other. */
function causesWithoutBasis(outputs: readonly OutputComparison[]): readonly Cause[] {
  if (outputs.length === 0) {
    return [{ layer: "execution", message: "Neither run has an output or a result: there is nothing to compare." }];
  }
  const altered = outputs.filter(({ match }) => match === "altered");
  return altered.map(({ step, output, reason }) => ({
    layer: "execution",
    message: `Output "${output}" of "${step}" cannot be compared. ${reason}`,
  }));
}

function failureOf({ state, steps }: RunRecord, which: "original" | "repeat"): readonly Cause[] {
  if (state === "succeeded") return [];
  const [failed] = Object.entries(steps).filter(([, step]) => step.state === "failed");
  const why = failed === undefined ? "" : ` in step "${failed[0]}": ${failed[1].error?.message}`;
  return [{ layer: "execution", message: `The ${which} run ${state === "failed" ? "failed" : "was canceled"}${why}` }];
}

type Sentence = (differences: readonly Difference[]) => string;

const SENTENCES: Readonly<Record<Layer, { readonly different: Sentence; readonly unknown: Sentence }>> = {
  data: {
    different: (list) => `Other data went in: ${named(list)}.`,
    unknown: (list) => `It is not known whether the same data went in: ${named(list)}.`,
  },
  parameters: {
    different: (list) => `Other parameters: ${named(list)}.`,
    unknown: (list) => `Parameters are not known: ${named(list)}.`,
  },
  model: {
    different: (list) => `Another model: ${named(list)}.`,
    unknown: (list) => `Models that have no digest may be others: ${named(list)}.`,
  },
  spec: {
    different: (list) => `The twin is composed otherwise: ${named(list)}.`,
    unknown: (list) => `The composition is not known: ${named(list)}.`,
  },
  code: {
    different: (list) => `Other versions of plugins: ${named(list)}.`,
    unknown: (list) => `Code without a version may have changed: ${named(list)}.`,
  },
  environment: {
    different: (list) => `Another environment: ${named(list)}.`,
    unknown: (list) => `Packages may be others: ${named(list)}.`,
  },
  platform: {
    different: (list) => `Another machine: ${named(list)}.`,
    unknown: (list) => `The machine is not known: ${named(list)}.`,
  },
};

function named(differences: readonly Difference[]): string {
  const texts = differences.slice(0, MOST_NAMED).map(({ what, original, repeat }) => {
    if (original === null && repeat === null) return what;
    return `${what} was ${original ?? "not there"}, is ${repeat ?? "not there"}`;
  });
  const more = differences.length - texts.length;
  return `${texts.join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}
