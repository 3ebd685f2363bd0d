import type { ChannelCredentials, ChannelOptions, Client } from "@grpc/grpc-js";
import type { Protos } from "../protocol/load-protos.ts";
import { isOnThisMachine, targetOf } from "./address.ts";
import type { Connection } from "./connection-options.ts";

/** What a channel is made with. */
export interface ChannelParts {
  readonly protos: Protos;
  readonly credentials: ChannelCredentials;
  readonly connection: Connection;
}

/** Bytes that may be on their way to us: with the default of 64 kB a megabyte takes a dozen round trips. */
const FLOW_CONTROL_WINDOW = 8 * 2 ** 20;
/** Pauses between tries to connect double from the first to the longest. */
const FIRST_RECONNECT_MS = 100;
const LONGEST_RECONNECT_MS = 5_000;
/**
 * Pings tell a connection that broke without a word. Servers of the C core end one with more than two pings and no data, so
 * there are few in the time of a request.
 */
const SHORTEST_KEEPALIVE_MS = 20_000;
const KEEPALIVE_TIMEOUT_MS = 5_000;

/** A channel of its own to one server; it connects when it is used. */
export function connect(address: string, { protos, credentials, connection }: ChannelParts): Client {
  const { tls, maxMessageBytes, timeoutMs } = connection;
  const options: ChannelOptions = {
    "grpc.max_send_message_length": maxMessageBytes,
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc-node.flow_control_window": FLOW_CONTROL_WINDOW,
    "grpc.initial_reconnect_backoff_ms": FIRST_RECONNECT_MS,
    "grpc.max_reconnect_backoff_ms": LONGEST_RECONNECT_MS,
    "grpc.keepalive_time_ms": Math.max(SHORTEST_KEEPALIVE_MS, Math.ceil(timeoutMs / 2)),
    "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
    // A new channel is a new connection; others of this process have their own.
    "grpc.use_local_subchannel_pool": 1,
    // Repeating is done here, on other endpoints.
    "grpc.enable_retries": 0,
    ...(isOnThisMachine(address) && { "grpc.enable_http_proxy": 0 }),
    ...(tls?.serverName !== undefined && {
      "grpc.ssl_target_name_override": tls.serverName,
      "grpc.default_authority": tls.serverName,
    }),
  };
  return new protos.grpc.Client(targetOf(address), credentials, options);
}
