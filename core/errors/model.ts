import { TwinError } from "./twin-error.ts";

/** An input of a model is missing, unknown, or of another dtype or shape than the model takes. Nothing was computed. */
export class ModelInputError extends TwinError {
  override readonly name = "ModelInputError";
  override readonly code = "TWIN_MODEL_INPUT";
  readonly model: string;
  /** The input that is wrong. */
  readonly input: string;

  constructor(model: string, input: string, problem: string) {
    super(`Model "${model}", input "${input}": ${problem}`);
    this.model = model;
    this.input = input;
  }
}

/** A model could not compute: its runtime failed, it gave something else than it states, or it has stopped. */
export class ModelFailedError extends TwinError {
  override readonly name = "ModelFailedError";
  override readonly code = "TWIN_MODEL_FAILED";
  readonly model: string;

  constructor(model: string, problem: string, options?: ErrorOptions) {
    super(`Model "${model}" failed: ${problem}`, options);
    this.model = model;
  }
}
