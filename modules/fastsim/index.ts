/**
 * Generators over learned models: noise from seed and event id, conditions within the trained range.
 *
 * @module
 */
export { CARD_SCHEMA, ModelCard, modelCardJsonSchema } from "./card-schema.ts";
export {
  GeneratedInvalidError,
  GeneratorGraphError,
  ShippedModelError,
  TrainingFailedError,
  TrainingUnavailableError,
} from "./errors.ts";
export type { FastSimulation } from "./fast-simulation.ts";
export { type FastsimOptions, fastsim } from "./fastsim.ts";
export {
  GeneratorGraph,
  type GeneratorGraphInput,
  GRAPH_METADATA_KEY,
  GRAPH_SCHEMA,
  type GraphCondition,
  type GraphOutput,
  type GraphSegment,
  type GraphStep,
  generatorGraphJsonSchema,
} from "./graph-schema.ts";
export { noisePurpose } from "./noise.ts";
export {
  hasModelCard,
  modelWithCard,
  readModelCard,
  SHIPPED_MODELS,
  shippedModel,
  shippedModelCard,
} from "./shipped-model.ts";
export { type SealCandidateOptions, type SealedCandidate, sealCandidate, TRAINED_BY } from "./train/seal-candidate.ts";
export { train } from "./train/train.ts";
export { type GeneratorTraining, generatorTraining } from "./training-recipe.ts";
export { withFallback } from "./with-fallback.ts";
