import { TwinError } from "../../core/index.ts";

/** A message is not as the protocol demands: a tensor's bytes do not fit its shape, contents are mixed, a part is missing. */
export class WireError extends TwinError {
  override readonly name = "WireError";
  override readonly code = "TWIN_WIRE_INVALID";
}

/** A server does not serve a model, or not this version of it. */
export class ModelNotServedError extends TwinError {
  override readonly name = "ModelNotServedError";
  override readonly code = "TWIN_MODEL_NOT_SERVED";
}

/** As many requests as a server holds for a model wait already. Nothing was computed; asking again later may succeed. */
export class QueueFullError extends TwinError {
  override readonly name = "QueueFullError";
  override readonly code = "TWIN_QUEUE_FULL";
}

/** No server answered: none is reached, the connection broke, or the time was up. The last failure is the `cause`. */
export class ServerUnreachableError extends TwinError {
  override readonly name = "ServerUnreachableError";
  override readonly code = "TWIN_SERVER_UNREACHABLE";
}

/** What a server says against a request when it refuses it. */
export interface Refusal {
  /** The gRPC status, by name: `"PERMISSION_DENIED"`. */
  readonly status: string;
  /** The code that the server gave its own error, where it is a server of Twinloom: `"TWIN_OUT_OF_DOMAIN"`. */
  readonly remoteCode?: string | undefined;
}

/** A server answered, and refused the request: for want of a token that may, or because of what it asks. */
export class ServerRefusedError extends TwinError implements Refusal {
  override readonly name = "ServerRefusedError";
  override readonly code = "TWIN_SERVER_REFUSED";
  readonly status: string;
  readonly remoteCode: string | undefined;

  constructor(message: string, refusal: Refusal, options?: ErrorOptions) {
    super(message, options);
    this.status = refusal.status;
    this.remoteCode = refusal.remoteCode;
  }
}

/** A server or its client would speak to other machines unencrypted, which nobody has asked for in words. */
export class ServerInsecureError extends TwinError {
  override readonly name = "ServerInsecureError";
  override readonly code = "TWIN_SERVER_INSECURE";
}

/** A server could not start: its address is taken or not its own, or a certificate cannot be used. */
export class ServerStartError extends TwinError {
  override readonly name = "ServerStartError";
  override readonly code = "TWIN_SERVER_START_FAILED";
}

/** A server is starting, stops, or takes a model away, and takes no requests. Another server may answer, or the same later. */
export class ServerDrainingError extends TwinError {
  override readonly name = "ServerDrainingError";
  override readonly code = "TWIN_SERVER_DRAINING";
}

/** The servers that answer serve another model under the name than the one that a client began with. */
export class RemoteModelChangedError extends TwinError {
  override readonly name = "RemoteModelChangedError";
  override readonly code = "TWIN_REMOTE_MODEL_CHANGED";
}
