import { reasonOf } from "../../../core/index.ts";
import { ServerStartError } from "../errors.ts";

/** Why a server cannot listen, and what to do. @param what - What it would offer: `"models"`, `"metrics"`. */
export function startErrorOf(
  what: "models" | "metrics",
  { host, port }: { readonly host: string; readonly port: number },
  cause: unknown,
): ServerStartError {
  const option = what === "models" ? "port" : "metricsPort";
  const reason = reasonOf(cause);
  return new ServerStartError(
    `The server of ${what} cannot listen on ${host}:${port}. ${explain(reason, { host, port, option })}`,
    { cause },
  );
}

/** gRPC gives the system's failures as texts only. */
function explain(
  reason: string,
  { host, port, option }: { readonly host: string; readonly port: number; readonly option: string },
): string {
  if (reason.includes("EADDRINUSE")) {
    return `Another program listens there, perhaps another server: stop it, or give another \`${option}\` (0 takes a free one).`;
  }
  if (reason.includes("EACCES"))
    return `This user may not listen on port ${port}: give a \`${option}\` of 1024 or more.`;
  if (reason.includes("EADDRNOTAVAIL"))
    return `This machine has no address "${host}": give one of its own, or 0.0.0.0 for all.`;
  if (/ENOTFOUND|Name resolution failed/.test(reason)) {
    return `"${host}" is no host that can be found: give an address of this machine, or 0.0.0.0 for all.`;
  }
  return `${reason}.`;
}
