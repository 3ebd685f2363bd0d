import type { ChannelOptions, ServerInterceptor } from "@grpc/grpc-js";
import type { CheckedServerOptions } from "./options.ts";

/** How often a connection on which nothing happens is asked for a sign of life, and how long that may take. */
const KEEPALIVE_MS = 60_000;
const KEEPALIVE_TIMEOUT_MS = 20_000;

/**
 * Settings of the gRPC library. Its records for channelz stay on: without them it forgets its connections, and
 * `forceShutdown` leaves them open (grpc-js 1.14). Windows of flow control are the client's: a server of it has no
 * setting for its own, and what comes to a server is small.
 */
export function channelOptions(
  { maxMessageBytes, maxConcurrentRequests }: CheckedServerOptions,
  interceptors: readonly ServerInterceptor[],
): ChannelOptions & { interceptors?: ServerInterceptor[] } {
  return {
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": maxMessageBytes,
    "grpc.max_concurrent_streams": maxConcurrentRequests,
    "grpc.keepalive_time_ms": KEEPALIVE_MS,
    "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
    interceptors: [...interceptors],
  };
}
