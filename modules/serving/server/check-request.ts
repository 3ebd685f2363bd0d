import { WireError } from "../errors.ts";

/** Longest message that carries no tensors, bytes: names, and what we leave alone. */
const LONGEST_QUESTION = 64 * 1024;

const INFERS: ReadonlySet<string> = new Set(["ModelInfer", "ModelStreamInfer"]);

/** Refuses bytes that would take far more memory once read; what infers is refused as it is read. @throws {@link WireError} */
export function checkRequest(method: string, bytes: Buffer): void {
  if (INFERS.has(method) || bytes.length <= LONGEST_QUESTION) return;
  throw new WireError(`A message for ${method} has ${bytes.length} bytes; at most ${LONGEST_QUESTION} are taken.`);
}
