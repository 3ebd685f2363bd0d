import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { readInferRequest } from "../protocol/infer-messages.ts";
import {
  lengthHeader,
  RAW_OUTPUT_CONTENTS,
  type SentMessage,
  textField,
  writeMessage,
} from "../protocol/write-message.ts";

/** Fields of ModelStreamInferResponse. */
const ERROR_MESSAGE = 1;
const INFER_RESPONSE = 2;

type Service = ServiceDefinition<UntypedServiceImplementation>;

/**
 * Reads requests and writes answers in place of the library of protobuf. Answers are written before gRPC sends them: so
 * their size is known, to the byte, when it is not too late.
 *
 * Tensors go from where they are to where gRPC wants them in one go. As the library does it, they are copied into a
 * message of their own first: memory that is thrown away at once, and half of what a server does for a large answer.
 */
export class ResponseCodec {
  readonly #takesPieces: boolean;

  /** @param options - `takesPieces`: whether gRPC does with {@link EncodedResponse}, as {@link takesPieces} tells. */
  constructor({ takesPieces }: { readonly takesPieces: boolean }) {
    this.#takesPieces = takesPieces;
  }

  /** The service, whose handlers answer what was encoded. */
  encoded(service: Service): Service {
    const { ModelInfer, ModelStreamInfer } = service;
    if (!ModelInfer || !ModelStreamInfer) return service;
    const responseSerialize = (response: EncodedResponse): Buffer =>
      this.#takesPieces ? (response as unknown as Buffer) : response.toBuffer();
    const own = { requestDeserialize: readInferRequest, responseSerialize };
    return { ...service, ModelInfer: { ...ModelInfer, ...own }, ModelStreamInfer: { ...ModelStreamInfer, ...own } };
  }

  encode(response: SentMessage): EncodedResponse {
    return new EncodedResponse(writeMessage(response, RAW_OUTPUT_CONTENTS));
  }

  /** @param error - What is wrong with the request, where something is. */
  encodeStreamed(response: SentMessage, error?: string): EncodedResponse {
    const pieces = writeMessage(response, RAW_OUTPUT_CONTENTS);
    pieces.unshift(lengthHeader(INFER_RESPONSE, lengthOf(pieces)));
    if (error !== undefined) pieces.unshift(textField(ERROR_MESSAGE, error));
    return new EncodedResponse(pieces);
  }
}

/** Bytes of a message that lie in several places. gRPC is given it for a `Buffer`, of which it uses these two. */
export class EncodedResponse {
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

  toBuffer(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}

/** How grpc-js puts a message into a frame: 1 byte, 4 bytes of length, and the message. */
type Frame = (this: { readonly handler: { serialize(): unknown } }, message: null) => Uint8Array;

/**
 * Whether the version of gRPC that is installed asks what it is to send for `byteLength` and `copy` alone, as 1.14 does.
 *
 * @param loadFrame - By default what puts messages of that version into frames.
 */
export async function takesPieces(loadFrame: () => Promise<Frame> = loadedFrame): Promise<boolean> {
  try {
    const frame = await loadFrame();
    const pieces = new EncodedResponse([Uint8Array.of(1), Uint8Array.of(2, 3)]);
    return Buffer.of(0, 0, 0, 0, 3, 1, 2, 3).equals(frame.call({ handler: { serialize: () => pieces } }, null));
  } catch {
    return false;
  }
}

async function loadedFrame(): Promise<Frame> {
  const { BaseServerInterceptingCall } = await import("@grpc/grpc-js/build/src/server-interceptors.js");
  return (BaseServerInterceptingCall.prototype as unknown as { readonly serializeMessage: Frame }).serializeMessage;
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
