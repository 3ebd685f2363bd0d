import type * as Grpc from "@grpc/grpc-js";
import { statusOf } from "../protocol/status.ts";
import type { Access } from "./access.ts";
import { callErrorOf } from "./call-error.ts";

/** Health says only whether there is service at all, and load balancers that ask have no token. */
const OPEN = "/grpc.health.v1.Health/";

/** Turns calls without a token that is known away before their messages are read. */
export function tokenGuard(grpc: typeof Grpc, access: Access): Grpc.ServerInterceptor {
  return (method, call) => {
    if (method.path.startsWith(OPEN)) return new grpc.ServerInterceptingCall(call);
    return new grpc.ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, proceed) => {
            try {
              access.callerOf(metadata);
            } catch (error) {
              const { code, details, metadata: trailer } = callErrorOf(grpc, statusOf(error));
              call.sendStatus({
                code: code ?? grpc.status.UNAUTHENTICATED,
                details: details ?? "",
                metadata: trailer ?? null,
              });
              return;
            }
            proceed(metadata);
          },
        }),
    });
  };
}
