import { z } from "zod";
import {
  Connector,
  defineTask,
  type JsonValue,
  many,
  type OpenDataset,
  openDataset,
  type Task,
  writeFileAtomically,
} from "../../../core/index.ts";
import { Calorimeter, type Showers } from "../contracts.ts";
import { readEvidence } from "../validation/evidence.ts";
import { validationReport } from "../validation/report-document.ts";

const Parameters = z.strictObject({
  metrics: z
    .enum(["all", "fast"])
    .default("all")
    .describe("fast leaves out the distances in many dimensions (FPD, KPD, PRDC), which take minutes for large sets."),
  seed: z.int().min(0).default(1).describe("Seed of the resamplings behind errors and floors, 0 to 2^53 - 1."),
});
const inputs = {
  generated: { description: "Showers to judge, in CaloChallenge's layout." },
  reference: { description: "Showers to judge them by, best at the same incident energies." },
  secondReference: {
    description:
      "Another set of the reference's simulation, to measure floors with; without it, the reference's halves.",
    optional: true,
  },
  evidence: {
    description: "What classifiers of the training recipe found between these two files, JSON.",
    optional: true,
  },
} as const;
const outputs = {
  metrics: { description: "All numbers, as JSON.", file: "metrics.json" },
  report: { description: "Tables and figures, for the task report of a report plugin.", file: "report.json" },
} as const;
const needs = { calorimeter: Calorimeter, connectors: many(Connector) } as const;

/** Compares two files of showers. */
export const validate: Task<typeof Parameters, typeof needs, keyof typeof inputs, keyof typeof outputs> = defineTask({
  name: "validate",
  description:
    "Compare simulated showers with reference showers: separation powers with their floors, profiles, resolution.",
  parameters: Parameters,
  needs,
  inputs,
  outputs,
  run: async ({ needs: { calorimeter, connectors }, inputs: files, outputs: paths, parameters, signal, progress }) => {
    const open: OpenDataset[] = [];
    const showersOf = async (file: string): Promise<Showers> => {
      const dataset = await openDataset(file, connectors, { signal });
      open.push(dataset);
      return await calorimeter.showers(dataset, { signal });
    };
    try {
      const generated = await showersOf(files.generated as string);
      const reference = await showersOf(files.reference as string);
      const second = files.secondReference === undefined ? undefined : await showersOf(files.secondReference);
      const validation = await calorimeter.validate(generated, reference, {
        metrics: parameters.metrics,
        seed: BigInt(parameters.seed),
        ...(second && { second }),
        ...(files.evidence !== undefined && { evidence: await readEvidence(files.evidence, signal) }),
        signal,
        progress,
      });
      const options = { signal, existing: "replace" } as const;
      await writeFileAtomically(paths.metrics, `${JSON.stringify(validation, null, 1)}\n`, options);
      const report = validationReport(validation, calorimeter.geometry);
      await writeFileAtomically(paths.report, `${JSON.stringify(report, null, 1)}\n`, options);
      return {
        generated: validation.generated.label,
        reference: validation.reference.label,
        worstLayer: validation.worstLayer,
        separation: Object.fromEntries(
          validation.separation.map(({ observable, value, floor, excess, error }): [string, JsonValue] => [
            observable,
            { value: finite(value), floor: finite(floor), excess: finite(excess), error: finite(error) },
          ]),
        ),
        frechet: finite(validation.distances.frechet?.generated.value ?? Number.NaN),
      };
    } finally {
      for (const dataset of open.reverse()) await dataset.close();
    }
  },
});

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
