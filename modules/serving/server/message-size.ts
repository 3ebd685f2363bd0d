import { ServerRefusedError } from "../errors.ts";
import type { Served } from "../models/served.ts";

/** What a response takes beside its tensors: names, shapes, parameters. A guess; tensors are what makes it large. */
const FRAME_BYTES = 1024;

/**
 * Refuses an answer that is larger than a message may be, before it is put together.
 *
 * @throws {@link ServerRefusedError} with what makes it smaller.
 */
export function checkAnswerSize(served: Served, raw: readonly Uint8Array[], maxMessageBytes: number): void {
  const bytes = raw.reduce((sum, { byteLength }) => sum + byteLength, FRAME_BYTES);
  if (bytes <= maxMessageBytes) return;
  const smaller =
    served.kind === "generator"
      ? 'ask for fewer events at once, for sparse outputs (parameter "sparse"), for halves ("output_datatype": "FP16"), or over ModelStreamInfer for a few events per response ("chunk")'
      : 'ask for fewer rows at once, for fewer outputs, or for halves (parameter "output_datatype": "FP16")';
  throw new ServerRefusedError(
    `The answer of "${served.name}" takes ${bytes} bytes, more than the ${maxMessageBytes} that this server sends in one message: ${smaller}. The server's \`maxMessageBytes\` raises the limit.`,
    { status: "RESOURCE_EXHAUSTED" },
  );
}
