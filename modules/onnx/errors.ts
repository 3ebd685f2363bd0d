import { redactLocation, TwinError } from "../../core/index.ts";

/** About the file of a model, which is named without what is secret in its URL. */
abstract class ModelFileError extends TwinError {
  readonly location: string;

  constructor(location: string, message: (shown: string) => string, options?: ErrorOptions) {
    const shown = redactLocation(location);
    super(message(shown), options);
    this.location = shown;
  }
}

/** A file is there, but is no model that can be computed here: damaged, no ONNX, of a newer opset, of another type. */
export class ModelUnreadableError extends ModelFileError {
  override readonly name = "ModelUnreadableError";
  override readonly code = "TWIN_MODEL_UNREADABLE";

  constructor(location: string, problem: string, options?: ErrorOptions) {
    super(location, (shown) => `Cannot load the model "${shown}": ${problem}`, options);
  }
}

/** A model's file is none of those that the option `digests` allows. ONNX Runtime has not seen it. */
export class ModelNotAllowedError extends ModelFileError {
  override readonly name = "ModelNotAllowedError";
  override readonly code = "TWIN_MODEL_NOT_ALLOWED";
  /** What the file is. */
  readonly digest: string;

  constructor(location: string, digest: string, allowed: readonly string[]) {
    const list = allowed.length === 0 ? "none" : allowed.join(", ");
    super(
      location,
      (shown) =>
        `The model "${shown}" is not allowed: it is ${digest}, and \`digests\` allows ${list}. Get the right file, or add its digest after you have made sure where it comes from.`,
    );
    this.digest = digest;
  }
}

/** A model's inputs or outputs are not those that the option `expect` states. */
export class ModelMismatchError extends ModelFileError {
  override readonly name = "ModelMismatchError";
  override readonly code = "TWIN_MODEL_MISMATCH";
  /** One sentence each. */
  readonly problems: readonly string[];

  constructor(location: string, problems: readonly string[]) {
    super(
      location,
      (shown) =>
        `The model "${shown}" is not the one that is expected:\n${problems.map((each) => `  - ${each}`).join("\n")}\nUse another file, or change \`expect\`.`,
    );
    this.problems = problems;
  }
}
