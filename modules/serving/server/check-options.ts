import { checkSchema, InvalidArgumentError, reasonOf } from "../../../core/index.ts";
import { completeBatching } from "../models/batching.ts";
import { type CheckedServerOptions, type InferenceServerOptions, ServerOptionsSchema } from "./options.ts";
import { given } from "./serve.ts";

/** @throws `TWIN_INVALID_ARGUMENT` telling all that is wrong. */
export function checkServerOptions(options: InferenceServerOptions): CheckedServerOptions {
  const checked = checkSchema(ServerOptionsSchema, options);
  const problems = checked.problems
    ? checked.problems.map(({ path, message }) => `\`${path.join(".")}\`: ${message}`)
    : batchingProblems(checked.value);
  if (!checked.problems && problems.length === 0) return checked.value;
  throw new InvalidArgumentError(`The options of a server of models are wrong. ${problems.join(" ")}`);
}

/** What is wrong with numbers beside each other; found here, and not when the port is open. */
function batchingProblems({ batching }: CheckedServerOptions): readonly string[] {
  try {
    completeBatching(given(batching));
    return [];
  } catch (error) {
    return [`\`batching\`: ${reasonOf(error)}`];
  }
}
