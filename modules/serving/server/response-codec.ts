import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import type { ModelInferResponseInit, ModelStreamInferResponseInit } from "../protocol/messages.ts";

/**
 * `raw_output_contents` of ModelInferResponse, and `infer_response` of ModelStreamInferResponse: field number and kind.
 */
const RAW_OUTPUT_CONTENTS = (6 << 3) | 2;
const INFER_RESPONSE = (2 << 3) | 2;

type Service = ServiceDefinition<UntypedServiceImplementation>;

/** As the library of protobuf does it: a whole message at a time. */
type Encode = (message: object) => Buffer;

/**
 * Writes answers before gRPC sends them: so their size is known, to the byte, when it is not too late.
 *
 * Tensors go from where they are to where gRPC wants them in one go. As the library does it, they are copied into a
 * message of their own first: memory that is thrown away at once, and half of what a server does for a large answer.
 */
export class ResponseCodec {
  readonly #one: Encode;
  readonly #streamed: Encode;
  readonly #takesPieces: boolean;

  /** @param options - `takesPieces`: whether gRPC does with {@link EncodedResponse}, as {@link takesPieces} tells. */
  constructor(service: Service, { takesPieces }: { readonly takesPieces: boolean }) {
    const { ModelInfer, ModelStreamInfer } = service;
    this.#one = ModelInfer?.responseSerialize as Encode;
    this.#streamed = ModelStreamInfer?.responseSerialize as Encode;
    this.#takesPieces = takesPieces;
  }

  /** The service, whose handlers answer what was encoded. */
  encoded(service: Service): Service {
    const { ModelInfer, ModelStreamInfer } = service;
    if (!ModelInfer || !ModelStreamInfer) return service;
    const responseSerialize = (response: EncodedResponse): Buffer =>
      this.#takesPieces ? (response as unknown as Buffer) : response.toBuffer();
    return {
      ...service,
      ModelInfer: { ...ModelInfer, responseSerialize },
      ModelStreamInfer: { ...ModelStreamInfer, responseSerialize },
    };
  }

  encode(response: ModelInferResponseInit): EncodedResponse {
    return new EncodedResponse(this.#piecesOf(response));
  }

  encodeStreamed({ infer_response, ...rest }: ModelStreamInferResponseInit): EncodedResponse {
    if (!infer_response) return new EncodedResponse([this.#streamed(rest)]);
    const inner = this.#piecesOf(infer_response);
    return new EncodedResponse([this.#streamed(rest), header(INFER_RESPONSE, lengthOf(inner)), ...inner]);
  }

  /** A response with its tensors where they are: fields of a message may come in any order, and these come last. */
  #piecesOf({ raw_output_contents: raw = [], ...rest }: ModelInferResponseInit): readonly Uint8Array[] {
    const tensors = raw as readonly Uint8Array[];
    return [this.#one(rest), ...tensors.flatMap((bytes) => [header(RAW_OUTPUT_CONTENTS, bytes.byteLength), bytes])];
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

/** What comes before the bytes of a field: its tag, and their number in groups of seven bits, the lowest first. */
function header(tag: number, length: number): Uint8Array {
  const bytes = [tag];
  let left = length;
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left & 127) | 128);
  bytes.push(left);
  return Uint8Array.from(bytes);
}
