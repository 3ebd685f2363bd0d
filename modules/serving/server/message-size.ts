import { bytesPerElement, type DType } from "../../../core/index.ts";
import { ServerRefusedError, WireError } from "../errors.ts";
import type { Served, ServedRequest } from "../models/served.ts";
import { dtypeOf } from "../protocol/datatypes.ts";

/** Longest id of a request, bytes: it comes back with every answer. */
const LONGEST_ID = 1024;

/** @throws {@link WireError} for an id that is longer than any that somebody needs. */
export function checkId(id: string | undefined): void {
  if (id === undefined || id.length <= LONGEST_ID / 3 || Buffer.byteLength(id) <= LONGEST_ID) return;
  throw new WireError(`The id of the request has ${Buffer.byteLength(id)} bytes; at most ${LONGEST_ID} are taken.`);
}

/**
 * Refuses a request before it is computed whose answer is sure to be larger than a message may be: its rows are known,
 * and what a row takes, unless it comes sparse.
 *
 * @throws {@link ServerRefusedError} with what makes it smaller.
 */
export function checkExpectedSize(served: Served, request: ServedRequest, maxMessageBytes: number): void {
  if (served.batching === undefined || request.parameters["sparse"] === true) return;
  const [first] = Object.values(request.inputs);
  const rows = first?.shape[0] ?? 0;
  const isHalf = request.parameters["output_datatype"] === "FP16";
  let bytes = 0;
  for (const { name, datatype, shape } of served.outputs) {
    const dtype = dtypeOf(datatype) as DType;
    const [rowAxis, ...row] = shape;
    if (dtype === "string" || rowAxis !== -1 || (request.outputs && !request.outputs.includes(name))) continue;
    const each = isHalf && dtype === "float32" ? 2 : bytesPerElement(dtype);
    // Of an axis that is free one entry, at least.
    bytes += row.reduce((product, length) => product * Math.abs(length), rows * each);
  }
  if (bytes > maxMessageBytes) throw tooLarge(served, bytes, maxMessageBytes);
}

/** Refuses an answer that is larger than a message may be. @throws {@link ServerRefusedError} */
export function checkAnswerSize(served: Served, bytes: number, maxMessageBytes: number): void {
  if (bytes > maxMessageBytes) throw tooLarge(served, bytes, maxMessageBytes);
}

function tooLarge({ name, kind }: Served, bytes: number, maxMessageBytes: number): ServerRefusedError {
  const smaller =
    kind === "generator"
      ? 'ask for fewer events at once, for sparse outputs (parameter "sparse"), for halves ("output_datatype": "FP16"), or over ModelStreamInfer for a few events per response ("chunk")'
      : 'ask for fewer rows at once, for fewer outputs, or for halves (parameter "output_datatype": "FP16")';
  return new ServerRefusedError(
    `The answer of "${name}" takes ${bytes} bytes, more than the ${maxMessageBytes} that this server sends in one message: ${smaller}. The server's \`maxMessageBytes\` raises the limit.`,
    { status: "RESOURCE_EXHAUSTED" },
  );
}
