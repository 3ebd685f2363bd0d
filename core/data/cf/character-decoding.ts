import type { Variable } from "../dataset.ts";
import { attributeText } from "./attribute-numbers.ts";
import type { Decoding } from "./decoding.ts";
import { guessedText, joinCharacters, textDecoder } from "./join-characters.ts";
import type { ProblemListener } from "./problem.ts";

/** Whether a variable holds single characters: NetCDF's type `char`. */
export function isCharacters({ storage, dtype }: Variable): boolean {
  return storage.typeNote === "char" && (dtype === "uint8" || dtype === "string");
}

/**
 * How characters become text.
 *
 * @param length - Characters of one text; 1 where each stands for itself.
 */
export function characterDecoding(variable: Variable, length: number, onProblem: ProblemListener): Decoding {
  const { _Encoding: encoding, ...others } = variable.attributes;
  const stated = textDecoder(encoding);
  if (!stated) {
    onProblem({
      path: `${variable.path}@_Encoding`,
      reason: `is ${attributeText(encoding ?? "")}, which is no encoding`,
    });
  }
  const textOf = stated ?? guessedText;
  return {
    dtype: "string",
    fillValue: undefined,
    attributes: stated ? others : variable.attributes,
    decode: (raw) => joinCharacters(raw, length, textOf),
  };
}
