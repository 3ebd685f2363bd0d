import { constants, type Http2Stream } from "node:http2";

/** A call of grpc-js, as far as it is looked into here. */
interface Layer {
  readonly call?: Layer;
  readonly nextCall?: Layer;
  readonly stream?: Http2Stream;
}

interface EndingCall {
  once(event: "cancelled", listener: () => void): unknown;
}

/** Calls this once a call is over: its last byte is out, or it was broken off. */
export function onceEnded(call: EndingCall, listener: () => void): void {
  const stream = streamOf(call);
  if (stream === undefined) call.once("cancelled", listener);
  else if (stream.destroyed) listener();
  else stream.once("close", listener);
}

/** Breaks a call off, with all that its client has not taken. */
export function cutOff(call: object): void {
  streamOf(call)?.close(constants.NGHTTP2_CANCEL);
}

/**
 * The stream under a call. grpc-js has no word for it (1.14, server-interceptors.js), and nothing in place of it: its
 * event "cancelled" is not told of calls that fail before all of the request is there, and a server cannot end a call
 * whose client has stopped to read.
 */
function streamOf(call: object): Http2Stream | undefined {
  let layer: Layer | undefined = (call as Layer).call;
  while (layer && !layer.stream) layer = layer.nextCall;
  return layer?.stream;
}
