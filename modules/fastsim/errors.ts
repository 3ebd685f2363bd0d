import { type SchemaProblem, TwinError } from "../../core/index.ts";

/**
 * The description of a generator graph is missing or wrong, or does not fit its model: what its inputs are made of, what
 * its outputs mean. Correct the entry that the message names.
 */
export class GeneratorGraphError extends TwinError {
  override readonly name = "GeneratorGraphError";
  override readonly code = "TWIN_GENERATOR_GRAPH";
  /** Everything that is wrong, each with the path of its entry. */
  readonly problems: readonly SchemaProblem[];

  constructor(what: string, problems: readonly SchemaProblem[], options?: ErrorOptions) {
    const lines = problems.map(
      ({ path, message }) => `  - ${path.length === 0 ? "" : `${path.join(".")}: `}${message}`,
    );
    super(`${what}:\n${lines.join("\n")}`, options);
    this.problems = problems;
  }
}

/**
 * A generator's model gave values that cannot be: NaN, infinite, or below the minimum that its graph states. The events are
 * not delivered.
 */
export class GeneratedInvalidError extends TwinError {
  override readonly name = "GeneratedInvalidError";
  override readonly code = "TWIN_GENERATED_INVALID";
}

/** A model that comes with Twinloom is not there, or has no card that can be read. */
export class ShippedModelError extends TwinError {
  override readonly name = "ShippedModelError";
  override readonly code = "TWIN_SHIPPED_MODEL";
}

/** What a training needs is not on this machine: the recipe, or Python with PyTorch. */
export class TrainingUnavailableError extends TwinError {
  override readonly name = "TrainingUnavailableError";
  override readonly code = "TWIN_TRAINING_UNAVAILABLE";
}

/** The training recipe ended with an error, which the message repeats. */
export class TrainingFailedError extends TwinError {
  override readonly name = "TrainingFailedError";
  override readonly code = "TWIN_TRAINING_FAILED";
}
