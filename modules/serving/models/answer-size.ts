import type { NdArray } from "../../../core/index.ts";
import { ServerRefusedError } from "../errors.ts";
import { bytesOfElement, datatypeOf } from "../protocol/datatypes.ts";
import type { AnswerFormat } from "./answer-format.ts";
import type { Served, TensorMetadata } from "./served.ts";

/** What of an answer is known before it is computed. */
export interface AnswerForecast {
  readonly rows: number;
  readonly format: AnswerFormat;
  /** Elements of an output; `undefined` where only the computation tells. */
  readonly elementsOf: (output: TensorMetadata) => number | undefined;
}

/** Bytes that the tensors of an answer take at least; what is not known yet counts nothing. */
export function forecastBytes(
  outputs: readonly TensorMetadata[],
  { rows, format: { sparse, isHalf, wanted }, elementsOf }: AnswerForecast,
): number {
  let bytes = 0;
  for (const output of outputs) {
    const { name, datatype } = output;
    if (wanted?.includes(name) === false) continue;
    const isSingle = datatype === "FP32";
    if (isSingle && sparse.includes(name)) {
      bytes += (rows + 1) * bytesOfElement("INT32");
    } else {
      bytes += (elementsOf(output) ?? 0) * bytesOfElement(isSingle && isHalf ? "FP16" : datatype);
    }
  }
  return bytes;
}

/** Bytes that arrays take as raw contents. */
export function answerBytes(arrays: Readonly<Record<string, NdArray>>): number {
  let bytes = 0;
  for (const name in arrays) {
    const array = arrays[name] as NdArray;
    bytes += array.size * bytesOfElement(datatypeOf(array.dtype));
    if (array.is("string")) for (const text of array.values()) bytes += Buffer.byteLength(text);
  }
  return bytes;
}

/**
 * Refuses an answer that is larger than one may be.
 *
 * @throws {@link ServerRefusedError} with what makes it smaller.
 */
export function checkAnswerBytes({ name, kind }: Pick<Served, "name" | "kind">, bytes: number, most: number): void {
  if (bytes <= most) return;
  const smaller =
    kind === "generator"
      ? 'ask for fewer events at once, for sparse outputs (parameter "sparse"), for halves ("output_datatype": "FP16"), or over ModelStreamInfer for a few events per response ("chunk")'
      : 'ask for fewer rows at once, for fewer outputs, or for halves (parameter "output_datatype": "FP16")';
  throw new ServerRefusedError(
    `The answer of "${name}" takes at least ${bytes} bytes, more than the ${most} that this server sends in one message: ${smaller}. The server's \`maxMessageBytes\` raises the limit.`,
    { status: "RESOURCE_EXHAUSTED" },
  );
}
