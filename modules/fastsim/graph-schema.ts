import { z } from "zod";

/** Version of the description; the value of its entry `schema`. */
export const GRAPH_SCHEMA = "twinloom.generator/1";
/** Where an ONNX file has it: the key in `metadata_props`. */
export const GRAPH_METADATA_KEY = "twinloom.generator";

const name = z.string().min(1);
const unit = z.string().describe("Unit, UDUNITS spelling.");
const base = z.union([z.literal("e"), z.literal(2), z.literal(10)]);

/** Most values of one event: 1 GB of float32. More is a mistake, or meant to exhaust the memory. */
const MAX_VALUES = 2 ** 28;

/** Facts that the generator itself states; a file must not state them in its place. */
const OWN_FACTS = ["model", "model_digest", "graph_digest", "provider", "provider_fallback_reason", "fallback"];

const STEP_KEYS = ["scale", "offset", "power", "exp", "log", "times", "over", "cut", "clip"] as const;

/** One step of a calculation, applied to every value. */
const Step = z
  .strictObject({
    scale: z.number().optional().describe("Multiplies with this."),
    offset: z.number().optional().describe("Adds this."),
    power: z.number().optional().describe("Raises to this power."),
    exp: base.optional().describe('Raises this base to the value: "e", 2 or 10.'),
    log: base.optional().describe('Takes the logarithm to this base: "e", 2 or 10.'),
    times: name.optional().describe("Multiplies with this condition of the event."),
    over: name.optional().describe("Divides by this condition of the event."),
    unit: unit.optional().describe("Unit that the condition of `times` or `over` is taken in; its own by default."),
    cut: z.number().optional().describe("Values below this become 0."),
    clip: z.tuple([z.number(), z.number()]).optional().describe("Limits to [min, max]."),
  })
  .superRefine((step, context) => {
    const kinds = STEP_KEYS.filter((key) => step[key] !== undefined);
    if (kinds.length !== 1) {
      const given = kinds.length === 0 ? "none" : kinds.join(" and ");
      context.addIssue({
        code: "custom",
        message: `A step is exactly one of ${STEP_KEYS.join(", ")}; this has ${given}.`,
      });
    } else if (step.unit !== undefined && step.times === undefined && step.over === undefined) {
      context.addIssue({ code: "custom", path: ["unit"], message: "Only `times` and `over` have a unit." });
    } else if (step.clip && step.clip[0] > step.clip[1]) {
      context.addIssue({ code: "custom", path: ["clip"], message: "Give the smaller limit first." });
    }
  })
  .meta({ oneOf: STEP_KEYS.map((key) => ({ required: [key] })) });
const steps = z.array(Step).default([]).describe("Calculations on every value, in this order, in float64.");

/** What one stretch of a model's input is made of. */
const Segment = z
  .strictObject({
    condition: name.optional().describe("This condition of the event: one value."),
    unit: unit.optional().describe("Unit that the condition is given in; its own by default."),
    noise: z.enum(["normal", "uniform"]).optional().describe("N(0, 1), or uniform on the open interval (0, 1)."),
    length: z.int().min(1).optional().describe("Number of values, for noise and one_hot."),
    constant: z
      .union([z.number(), z.array(z.number()).min(1)])
      .optional()
      .describe("The same for every event."),
    one_hot: z.int().min(0).optional().describe("1 at this place, 0 elsewhere: a choice, such as a geometry."),
    steps,
  })
  .superRefine((segment, context) => {
    const kinds = (["condition", "noise", "constant", "one_hot"] as const).filter((key) => segment[key] !== undefined);
    const wrong = (message: string, ...path: string[]): void => context.addIssue({ code: "custom", path, message });
    if (kinds.length !== 1) {
      const given = kinds.length === 0 ? "none" : kinds.join(" and ");
      return wrong(`A segment is exactly one of condition, noise, constant, one_hot; this has ${given}.`);
    }
    const [kind] = kinds;
    const hasLength = kind === "noise" || kind === "one_hot";
    if (hasLength && segment.length === undefined) wrong(`Missing; ${kind} needs its number of values.`, "length");
    if (!hasLength && segment.length !== undefined) wrong(`Only noise and one_hot have a length.`, "length");
    if (kind !== "condition" && segment.unit !== undefined) wrong("Only a condition has a unit.", "unit");
    if (kind === "one_hot" && (segment.one_hot as number) >= (segment.length ?? Number.POSITIVE_INFINITY)) {
      wrong(`It must be below the length, ${segment.length}: places count from 0.`, "one_hot");
    }
  })
  .meta({ oneOf: ["condition", "noise", "constant", "one_hot"].map((key) => ({ required: [key] })) });

const Condition = z
  .strictObject({
    unit,
    min: z.number().describe("Lower end of the range that the model was trained in."),
    max: z.number().describe("Upper end of it."),
    nominal: z
      .number()
      .optional()
      .describe("The value that generators without this condition stand for, so that they can be a fallback."),
  })
  .superRefine(({ min, max }, context) => {
    if (min >= max) context.addIssue({ code: "custom", path: ["max"], message: `It must be above min, ${min}.` });
  });

const Output = z
  .strictObject({
    tensor: name.optional().describe("Output of the model; the one of the same name by default."),
    dims: z.array(name).min(1).describe("Names of the axes of one event, in the order wanted."),
    shape: z.array(z.int().min(1)).min(1).describe("Their lengths."),
    axes: z
      .array(name)
      .min(1)
      .optional()
      .describe("The axes of one event as the tensor has them, where that is another order; others have length 1."),
    unit: unit.optional().describe("Unit after all steps."),
    steps,
    minimum: z
      .number()
      .nullable()
      .default(0)
      .describe("Smallest value that can be, after all steps; null for any. A smaller one is an error."),
  })
  .superRefine(({ dims, shape, axes = dims }, context) => {
    const wrong = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    if (new Set(dims).size !== dims.length) wrong("dims", "It has a name twice.");
    if (shape.length !== dims.length) wrong("shape", `It must have ${dims.length} lengths, one for each of dims.`);
    const missing = dims.filter((dim) => axes.filter((axis) => axis === dim).length !== 1);
    const size = shape.reduce((product, length) => product * length, 1);
    if (size > MAX_VALUES) wrong("shape", `An event may have ${MAX_VALUES} values; this has ${size}.`);
    if (missing.length > 0) wrong("axes", `It must have each of dims once; ${missing.join(", ")} is not there once.`);
  });

const facts = z
  .record(z.string(), z.json())
  .superRefine((given, context) => {
    for (const key of OWN_FACTS.filter((own) => Object.hasOwn(given, own))) {
      context.addIssue({ code: "custom", path: [key], message: "Leave it out: the generator states this itself." });
    }
  })
  .default({})
  .describe("What else is known: geometry, readout cut, reference. Goes into files and run records.");

/**
 * What a generator graph is: what its inputs are made of, what its outputs mean, where it is valid. The JSON text in an
 * ONNX file's metadata has this form, and so has the option `graph` for a file without it.
 */
export const GeneratorGraph: z.ZodType<GeneratorGraph, GeneratorGraphInput> = z.strictObject({
  schema: z.literal(GRAPH_SCHEMA).default(GRAPH_SCHEMA).describe("Version of this description."),
  name: name.describe("Name of the generator, for tables and run records."),
  conditions: z.record(name, Condition).describe("What an event depends on, each with the range trained in."),
  inputs: z
    .record(name, z.array(Segment).min(1))
    .describe("By input of the model, what it is made of: segments one after the other, row-major."),
  outputs: z.record(name, Output).describe("The arrays of an event."),
  facts,
});

/** A description of a generator graph, with its defaults. */
export interface GeneratorGraph {
  readonly schema: typeof GRAPH_SCHEMA;
  readonly name: string;
  readonly conditions: Readonly<Record<string, GraphCondition>>;
  readonly inputs: Readonly<Record<string, readonly GraphSegment[]>>;
  readonly outputs: Readonly<Record<string, GraphOutput>>;
  readonly facts: Readonly<Record<string, z.core.util.JSONType>>;
}

/** A description of a generator graph as it is written. */
export interface GeneratorGraphInput {
  readonly schema?: typeof GRAPH_SCHEMA | undefined;
  readonly name: string;
  readonly conditions: Record<string, z.input<typeof Condition>>;
  readonly inputs: Record<string, z.input<typeof Segment>[]>;
  readonly outputs: Record<string, z.input<typeof Output>>;
  readonly facts?: Record<string, z.core.util.JSONType> | undefined;
}

/** What an event depends on, with the range that the model was trained in. */
export type GraphCondition = z.output<typeof Condition>;
/** What one stretch of a model's input is made of. */
export type GraphSegment = z.output<typeof Segment>;
/** An array of an event. */
export type GraphOutput = z.output<typeof Output>;
/** One step of a calculation on every value. */
export type GraphStep = z.output<typeof Step>;

/** JSON Schema (draft 2020-12) of {@link GeneratorGraph} as it is written, for editors and other programs. */
export function generatorGraphJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(GeneratorGraph, { io: "input" });
}
