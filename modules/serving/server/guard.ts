import type * as Grpc from "@grpc/grpc-js";
import { callErrorOf } from "./call-error.ts";
import { RequestRecord } from "./request-record.ts";
import type { ServerCore } from "./server-core.ts";

/** Health says only whether there is service at all, and load balancers that ask have no token. */
const OPEN = "/grpc.health.v1.Health/";

/** Turns calls without a token that is known away before their messages are read. */
export function tokenGuard(core: ServerCore): Grpc.ServerInterceptor {
  const { grpc, access } = core;
  return (method, call) => {
    if (method.path.startsWith(OPEN)) return new grpc.ServerInterceptingCall(call);
    return new grpc.ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, proceed) => {
            try {
              access.callerOf(metadata);
            } catch (error) {
              const request = new RequestRecord(core, method.path.slice(method.path.lastIndexOf("/") + 1), call);
              const { code, details, metadata: trailer } = callErrorOf(grpc, request.failed(error));
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
