import { z } from "zod";
import {
  Connector,
  defineTask,
  type JsonValue,
  many,
  openDataset,
  type Task,
  writeFileAtomically,
} from "../../../core/index.ts";
import { Calorimeter } from "../contracts.ts";
import { validationReport } from "../validation/report-document.ts";

const Parameters = z.strictObject({});
const inputs = {
  generated: { description: "Showers to judge, in CaloChallenge's layout." },
  reference: { description: "Showers to judge them by, best at the same incident energies." },
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
  run: async ({ needs: { calorimeter, connectors }, inputs: files, outputs: paths, signal, progress }) => {
    const generatedFile = await openDataset(files.generated as string, connectors, { signal });
    try {
      const referenceFile = await openDataset(files.reference as string, connectors, { signal });
      try {
        const generated = await calorimeter.showers(generatedFile, { signal });
        const reference = await calorimeter.showers(referenceFile, { signal });
        const validation = await calorimeter.validate(generated, reference, { signal, progress });
        const options = { signal, existing: "replace" } as const;
        await writeFileAtomically(paths.metrics, `${JSON.stringify(validation, null, 1)}\n`, options);
        const report = validationReport(validation, calorimeter.geometry);
        await writeFileAtomically(paths.report, `${JSON.stringify(report, null, 1)}\n`, options);
        return {
          generated: validation.generated.label,
          reference: validation.reference.label,
          worstLayer: validation.worstLayer,
          separation: Object.fromEntries(
            validation.separation.map(({ observable, value, floor }): [string, JsonValue] => [
              observable,
              { value: finite(value), floor: finite(floor) },
            ]),
          ),
        };
      } finally {
        await referenceFile.close();
      }
    } finally {
      await generatedFile.close();
    }
  },
});

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
