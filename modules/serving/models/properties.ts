import type { Generator, JsonValue, Model, TensorSpec } from "../../../core/index.ts";

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

/** The digest of the file of the model that makes the events, where there is one. */
export function generatorIdentity({ facts }: Generator, otherwise: string): string {
  const digest = facts?.["model_digest"];
  return typeof digest === "string" ? digest : otherwise;
}

function plain(tensors: Readonly<Record<string, TensorSpec>>): JsonValue {
  return Object.fromEntries(Object.entries(tensors).map(([name, { dtype, shape }]) => [name, { dtype, shape }]));
}
