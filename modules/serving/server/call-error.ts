import type * as Grpc from "@grpc/grpc-js";
import type { FailedStatus } from "../protocol/status.ts";

/** A status as gRPC takes it. */
export function callErrorOf(
  grpc: typeof Grpc,
  { code, details, metadata: entries }: FailedStatus,
): Grpc.ServerErrorResponse {
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(entries)) metadata.set(name, value);
  return Object.assign(new Error(details), { code, details, metadata });
}
