import { z } from "zod";
import { defineTask, summarise, type Task, type Variable } from "../../../core/index.ts";
import { findIndex } from "../indices/find-index.ts";
import { DATA_INPUTS, DATA_NEEDS, DATA_PARAMETERS, missingSchema, withTaskData, writeNetcdf } from "./task-data.ts";

const Parameters = z.strictObject({
  index: z.string().min(1).describe("Name of the index: TX90p, SPI, CDD."),
  variables: z
    .record(z.string(), z.string())
    .default({})
    .describe('Names of variables by input: { "tasmax": "tx" }; others are found by name or standard name.'),
  period: z.string().optional().describe("Base period of thresholds and fits: 1961-1990; all of the data by default."),
  frequency: z.string().optional().describe("Of the periods: YS, YS-JUL, QS-DEC, MS; by default that of the index."),
  parameters: z
    .record(z.string(), z.number())
    .default({})
    .describe('Parameters of the index, such as { "threshold": 30 }.'),
  missing: missingSchema
    .default("any")
    .describe("Periods without a value: with any step missing, skip: with all, wmo, or { percent }."),
  ...DATA_PARAMETERS,
});
const outputs = { index: { description: "The index, a CF variable of its name.", file: "index.nc" } } as const;

/** Computes a climate index and writes it as NetCDF. */
export const climateIndexTask: Task<typeof Parameters, typeof DATA_NEEDS, "data", keyof typeof outputs> = defineTask({
  name: "climate-index",
  description: "Compute a climate index of daily or monthly data at each place, and write it as NetCDF.",
  parameters: Parameters,
  needs: DATA_NEEDS,
  inputs: DATA_INPUTS,
  outputs,
  run: async (context) => {
    const { parameters, needs, outputs: paths, signal } = context;
    const { index: name, variables, period, frequency, missing, memoryMb } = parameters;
    const { name: index, along, source } = findIndex(needs.climate.indices, name);
    return await withTaskData(context, async (dataset) => {
      const doing = `computing ${index}`;
      context.progress(0, doing);
      const result = await needs.climate.index(dataset, name, {
        ...{ variables, period, frequency, missing, parameters: parameters.parameters, signal },
        maxBytes: memoryMb * 1e6,
        onProgress: (fraction) => context.progress(fraction, doing),
      });
      await writeNetcdf(paths.index, result, context);
      const variable = result.variables[name] as Variable;
      const { dims, shape, unit = null } = variable;
      const facts = { index, variable: name, dims: [...dims], shape: [...shape], unit, source };
      // One with a value for each step is computed as it is read: not twice.
      if (along === "steps") return facts;
      const { count, missing: gaps, min, mean, max } = await summarise(variable, {}, { signal });
      return { ...facts, count, missing: gaps, min: finite(min), mean: finite(mean), max: finite(max) };
    });
  },
});

function finite(value: number | bigint | null): number | null {
  return value !== null && Number.isFinite(Number(value)) ? Number(value) : null;
}
