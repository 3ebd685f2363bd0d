import { z } from "zod";

/** Version of the cards; the value of their entry `schema`. */
export const CARD_SCHEMA = "twinloom.model-card/1";

const text = z.string().min(1);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, { error: "It must be 64 lower-case hexadecimal digits." });
const facts = z.looseObject({});

/**
 * A model card: where the weights beside it come from, what they were measured to be, and where they are valid. The
 * training recipe writes it; entries that it adds beyond these are kept.
 */
const Card = z.looseObject({
  schema: z.literal(CARD_SCHEMA),
  name: text.describe("Name of the generator."),
  family: text.describe("Kind of model: gan, transformer."),
  description: text,
  model: z.looseObject({ file: text, sha256: sha256.describe("Of the ONNX file."), bytes: z.int().positive() }),
  reference: text.describe("What it was trained and measured against."),
  validity: z.looseObject({
    conditions: z.record(
      text,
      z.looseObject({ unit: z.string(), min: z.number(), max: z.number(), nominal: z.number().optional() }),
    ),
    particle: text,
    geometry: text,
  }),
  data: z.looseObject({ files: z.array(z.looseObject({ file: text, sha256 })) }),
  seed: z.int().min(0),
  config: facts.describe("The recipe's configuration, as it was run."),
  training: z.array(facts).describe("The stages of training, with time and curve."),
  onnx: facts.describe("How the exported file compares with what was trained."),
  speed: facts.describe("Time per shower where it was trained."),
  metrics: z.array(facts).describe("What was measured, with the floor that statistics set."),
  made: facts.describe("Code version, time, hardware, software."),
});

/** A model card. */
export type ModelCard = z.output<typeof Card>;

/** The zod schema of a {@link ModelCard}. */
export const ModelCard: z.ZodType<ModelCard> = Card;

/** JSON Schema (draft 2020-12) of a {@link ModelCard}. */
export function modelCardJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(ModelCard);
}
