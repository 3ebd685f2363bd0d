import type { ChannelOptions, ServerInterceptor } from "@grpc/grpc-js";
import type { CheckedServerOptions } from "./options.ts";

/** How often a connection on which nothing happens is asked for a sign of life, and how long that may take. */
const KEEPALIVE_MS = 60_000;
const KEEPALIVE_TIMEOUT_MS = 20_000;

/**
 * Settings of the gRPC library. Windows of flow control are the client's: a server of it has no setting for its own, and
 * what comes to a server is small.
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
    // Its records of every connection are for a service that is not offered.
    "grpc.enable_channelz": 0,
    interceptors: [...interceptors],
  };
}
