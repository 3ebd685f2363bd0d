import { createHash } from "node:crypto";
import { canonicalJson, type Generator, type JsonValue, type Model, type TensorSpec } from "../../../core/index.ts";

/** Property of a served generator: JSON of its ranges, outputs and facts (docs/reference/serving-protocol.md, "Properties"). */
export const GENERATOR_PROPERTY = "twinloom.generator";
/** Property of a served model: JSON of its inputs, outputs and metadata. */
export const MODEL_PROPERTY = "twinloom.model";

/** Where a thing is served: what its properties are made with. */
interface Place {
  readonly identity: string;
  /** Added by whoever serves it. */
  readonly properties: Readonly<Record<string, string>> | undefined;
}

/** What a client is told of a generator. */
export function generatorProperties(
  generator: Generator,
  { identity, properties }: Place,
): Readonly<Record<string, string>> {
  const { validity, outputs, facts = {} } = generator;
  const { provider } = facts;
  return {
    ...properties,
    kind: "generator",
    identity,
    ...(typeof provider === "string" && { provider }),
    [GENERATOR_PROPERTY]: JSON.stringify({ validity, outputs, facts }),
  };
}

/** What a client is told of a model. */
export function modelProperties(model: Model, { identity, properties }: Place): Readonly<Record<string, string>> {
  const { inputs, outputs, metadata } = model;
  return {
    ...properties,
    kind: "model",
    identity,
    provider: model.provider.name,
    [MODEL_PROPERTY]: JSON.stringify({ inputs: plain(inputs), outputs: plain(outputs), metadata }),
  };
}

/** Facts that change no event, or only its last bits. */
const PASSING_FACTS = ["provider", "provider_fallback_reason"];

/**
 * A digest of what decides on the events of a generator that a file describes: the file's own, what is made of it, and who makes
 * the events outside its ranges.
 *
 * @param otherwise - For generators that name no file.
 */
export function generatorIdentity({ validity, outputs, facts = {} }: Generator, otherwise: string): string {
  if (typeof facts["model_digest"] !== "string") return otherwise;
  const kept = Object.entries(facts).filter(([name]) => !PASSING_FACTS.includes(name));
  // Ranges may have no end, which JSON knows as null.
  const told: unknown = JSON.parse(JSON.stringify({ validity, outputs, facts: Object.fromEntries(kept) }));
  return `sha256:${createHash("sha256")
    .update(canonicalJson(told as JsonValue))
    .digest("hex")}`;
}

function plain(tensors: Readonly<Record<string, TensorSpec>>): JsonValue {
  return Object.fromEntries(Object.entries(tensors).map(([name, { dtype, shape }]) => [name, { dtype, shape }]));
}
