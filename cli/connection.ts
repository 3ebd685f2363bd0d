import { resolve } from "node:path";
import { env } from "../core/index.ts";
import type { ConnectionOptions } from "../modules/serving/index.ts";
import type { ConnectionChoice } from "./connection-options.ts";
import { UsageError } from "./errors.ts";

/** How the servers that were typed are reached: options of `remoteModel` and `remoteGenerator`. @throws `TWIN_USAGE` */
export function connection(
  { endpoint, model, ...choice }: ConnectionChoice & { readonly endpoint: string; readonly model: string },
  cwd: string,
): ConnectionOptions {
  const { modelVersion, tls, tlsCa, tlsCertificate, tlsKey, tokenEnv, insecure, timeoutMs } = choice;
  if ((tlsCertificate === undefined) !== (tlsKey === undefined)) {
    throw new UsageError("--tls-certificate and --tls-key go together: a certificate is of no use without its key.");
  }
  const endpoints = endpoint.split(",").map((address) => address.trim());
  const isEncrypted = tls || tlsCa !== undefined || tlsCertificate !== undefined;
  const at = (file: string): string => resolve(cwd, file);
  return {
    endpoints,
    model,
    insecure,
    timeoutMs,
    ...(modelVersion !== undefined && { version: modelVersion }),
    ...(isEncrypted && {
      tls: {
        ...(tlsCa !== undefined && { authority: at(tlsCa) }),
        ...(tlsCertificate !== undefined && { certificate: at(tlsCertificate) }),
        ...(tlsKey !== undefined && { key: at(tlsKey) }),
      },
    }),
    ...(tokenEnv !== undefined && { token: env(tokenEnv) }),
  };
}
