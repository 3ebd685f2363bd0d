import { z } from "zod";
import { DigestSchema } from "../../canonical/digest-schema.ts";
import { TolerancesSchema } from "./tolerances.ts";

/** What a result may depend on, the likeliest explanation of another result first. */
export const LAYERS = ["data", "parameters", "model", "spec", "code", "environment", "platform"] as const;
export type Layer = (typeof LAYERS)[number];

/** From the best to the worst; `incomparable` and `failed` say that there is nothing to judge. */
export const VERDICTS = ["identical", "equivalent", "different", "incomparable", "failed"] as const;
export type Verdict = (typeof VERDICTS)[number];

const DifferenceSchema = z.strictObject({
  what: z.string().describe('As `parameters of "simulate": seed`.'),
  original: z.string().nullable().describe("`null`: it is not there, or not recorded."),
  repeat: z.string().nullable(),
});
/** One thing that two runs do not share. */
export type Difference = z.output<typeof DifferenceSchema>;

const LayerSchema = z.strictObject({
  state: z.enum(["same", "different", "unknown"]),
  differences: z.array(DifferenceSchema).describe("What differs; of an unknown layer, what is not known."),
});
/** How two runs compare in one layer. */
export type LayerComparison = z.output<typeof LayerSchema>;

const MetricSchema = z.strictObject({
  absolute: z.number().describe("Largest difference of two finite numbers, in the unit of the values."),
  relative: z.number().describe("Largest difference, divided by the larger of the two."),
  at: z.string().nullable().describe("Where that is: the path of a variable, or a JSON pointer."),
  values: z.number().int().describe("Numbers that were compared."),
  unequal: z.number().int().describe("How many of them differ at all."),
});
/** How far two files are apart. */
export type Metric = z.output<typeof MetricSchema>;

const OutputSchema = z.strictObject({
  step: z.string(),
  output: z.string().nullable().describe("`null`: what the task returned."),
  path: z.string().nullable().describe("In the folder of the run; the original's where both have one."),
  role: z.enum(["final", "intermediate", "result"]).describe("Whether another step reads it."),
  match: z
    .enum(["bitwise", "canonical", "within-tolerance", "different", "missing", "extra", "altered"])
    .describe("`altered`: a file is not the one that its run recorded."),
  reason: z.string().nullable().describe("Why it is different, in words."),
  metric: MetricSchema.nullable().describe("Where the contents were compared."),
  tolerance: z.string().nullable().describe("Name of the tolerance in the policy that was applied."),
});
/** One output of two runs. `missing`: the repeat lacks it; `extra`: the original does. */
export type OutputComparison = z.output<typeof OutputSchema>;

const CauseSchema = z.strictObject({
  layer: z.enum([...LAYERS, "execution"]),
  message: z.string(),
});
/** What may explain that two runs differ. `execution`: none of the layers does. */
export type Cause = z.output<typeof CauseSchema>;

const RunSchema = z.strictObject({
  id: z.string(),
  record: DigestSchema.describe("Seal of the run's record."),
  state: z.enum(["succeeded", "failed", "canceled"]),
  specDigest: DigestSchema,
  version: DigestSchema.nullable().describe("Version of the twin that ran, where it came from a store."),
});
/** Which run it was. */
export type ComparedRun = z.output<typeof RunSchema>;

/** What a comparison of two runs came to, plain JSON. */
export const ReproductionReportSchema = z.strictObject({
  schemaVersion: z.literal(1),
  verdict: z.enum(VERDICTS),
  original: RunSchema,
  repeat: RunSchema.nullable().describe("`null`: it was not run, as its inputs are not those of the original."),
  layers: z.strictObject({
    data: LayerSchema,
    parameters: LayerSchema,
    model: LayerSchema,
    spec: LayerSchema,
    code: LayerSchema,
    environment: LayerSchema,
    platform: LayerSchema,
  }),
  compared: z
    .enum(["files", "records"])
    .describe("Whether the files of both runs were read, or their digests taken from the records alone."),
  outputs: z.array(OutputSchema).describe("Every output of either run, in the order of the steps."),
  causes: z.array(CauseSchema).describe("The likeliest first; empty for identical runs."),
  tolerances: TolerancesSchema.nullable(),
});
/** How far a repeat agrees with the original, and what explains the difference. */
export type ReproductionReport = z.output<typeof ReproductionReportSchema>;
