import { checkSchema, InvalidArgumentError } from "../../../core/index.ts";
import { type CheckedServerOptions, type InferenceServerOptions, ServerOptionsSchema } from "./options.ts";

/** @throws `TWIN_INVALID_ARGUMENT` telling all that is wrong. */
export function checkServerOptions(options: InferenceServerOptions): CheckedServerOptions {
  const checked = checkSchema(ServerOptionsSchema, options);
  if (checked.problems === undefined) return checked.value;
  const problems = checked.problems.map(({ path, message }) => `\`${path.join(".")}\`: ${message}`);
  throw new InvalidArgumentError(`The options of a server of models are wrong. ${problems.join(" ")}`);
}
