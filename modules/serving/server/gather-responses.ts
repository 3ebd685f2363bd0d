import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import type { ModelInferResponseInit, ModelStreamInferResponseInit } from "../protocol/messages.ts";

/**
 * `raw_output_contents` of ModelInferResponse, and `infer_response` of ModelStreamInferResponse: field number and kind.
 */
const RAW_OUTPUT_CONTENTS = (6 << 3) | 2;
const INFER_RESPONSE = (2 << 3) | 2;

/** As the library of protobuf does it: a whole message at a time. */
type Encode = (message: object) => Buffer;

/**
 * A service whose answers are written to where gRPC wants them in one go. As it is, tensors are copied into a message
 * of their own first: memory that is thrown away at once, and half of what a server does for a large answer.
 *
 * gRPC asks what it is given for `byteLength` and `copy`, and for nothing else (grpc-js 1.14, server-interceptors.js).
 */
export function gatherResponses(
  service: ServiceDefinition<UntypedServiceImplementation>,
): ServiceDefinition<UntypedServiceImplementation> {
  const { ModelInfer, ModelStreamInfer } = service;
  if (!ModelInfer || !ModelStreamInfer) return service;
  const one: Encode = ModelInfer.responseSerialize;
  const streamed: Encode = ModelStreamInfer.responseSerialize;
  const gathered = (pieces: readonly Uint8Array[]): Buffer => new Pieces(pieces) as unknown as Buffer;
  return {
    ...service,
    ModelInfer: { ...ModelInfer, responseSerialize: (response: object) => gathered(piecesOf(response, one)) },
    ModelStreamInfer: {
      ...ModelStreamInfer,
      responseSerialize: ({ infer_response, ...rest }: ModelStreamInferResponseInit) => {
        if (!infer_response) return streamed(rest);
        const inner = piecesOf(infer_response, one);
        return gathered([streamed(rest), header(INFER_RESPONSE, lengthOf(inner)), ...inner]);
      },
    },
  };
}

/** Bytes that lie in several places. */
class Pieces {
  readonly byteLength: number;
  readonly #pieces: readonly Uint8Array[];

  constructor(pieces: readonly Uint8Array[]) {
    this.#pieces = pieces;
    this.byteLength = lengthOf(pieces);
  }

  /** As that of a `Buffer`. */
  copy(target: Uint8Array, start: number): number {
    let at = start;
    for (const piece of this.#pieces) {
      target.set(piece, at);
      at += piece.byteLength;
    }
    return at - start;
  }
}

/** A response with its tensors where they are: fields of a message may come in any order, and these come last. */
function piecesOf(
  { raw_output_contents: raw = [], ...rest }: ModelInferResponseInit,
  encode: Encode,
): readonly Uint8Array[] {
  const tensors = raw as readonly Uint8Array[];
  return [encode(rest), ...tensors.flatMap((bytes) => [header(RAW_OUTPUT_CONTENTS, bytes.byteLength), bytes])];
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** What comes before the bytes of a field: its tag, and their number in groups of seven bits, the lowest first. */
function header(tag: number, length: number): Uint8Array {
  const bytes = [tag];
  let left = length;
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left & 127) | 128);
  bytes.push(left);
  return Uint8Array.from(bytes);
}
