import type { ModelInferRequest, ModelInferResponse, ModelStreamInferResponse } from "./messages.ts";
import { type MessageLimits, readMessage } from "./read-message.ts";
import { INFER_REQUEST, INFER_RESPONSE, STREAM_INFER_RESPONSE } from "./wire-schema.ts";

const LIMITS: MessageLimits = { what: "request", entries: 1024, parts: 2 ** 18 };

/**
 * Reads a request.
 *
 * @throws `TWIN_WIRE_INVALID` beyond 1,024 inputs, outputs, raw contents or parameters, beyond 262,144 fields and typed
 *   elements altogether, or when the bytes are no message.
 */
export function readInferRequest(bytes: Buffer): ModelInferRequest {
  return readMessage(INFER_REQUEST, bytes, LIMITS);
}

/** Reads a response of any size: it was asked for. @throws `TWIN_WIRE_INVALID` when the bytes are no message. */
export function readInferResponse(bytes: Buffer): ModelInferResponse {
  return readMessage(INFER_RESPONSE, bytes, { what: "response" });
}

/** As {@link readInferResponse}, of a stream. */
export function readStreamInferResponse(bytes: Buffer): ModelStreamInferResponse {
  return readMessage(STREAM_INFER_RESPONSE, bytes, { what: "response" });
}
