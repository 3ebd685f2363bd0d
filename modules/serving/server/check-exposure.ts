import { ServerInsecureError } from "../errors.ts";
import type { CheckedServerOptions } from "./options.ts";

/**
 * Refuses to be reached from other machines without encryption, unless that was said.
 *
 * @throws {@link ServerInsecureError}
 */
export function checkExposure(options: CheckedServerOptions): void {
  if (options.insecure) return;
  const { host, tls, tokens, metricsHost, metricsPort } = options;
  if (tls === undefined && !isLoopback(host)) {
    const secrets = tokens.length > 0 ? ", and take the tokens" : "";
    throw new ServerInsecureError(
      `The server would listen on "${host}" without encryption: whoever is on the network could read and change what is asked and answered${secrets}. Give \`tls\` with a certificate and its key, listen on 127.0.0.1, or say \`insecure\`.`,
    );
  }
  if (metricsPort !== false && !isLoopback(metricsHost)) {
    throw new ServerInsecureError(
      `The metrics would be on "${metricsHost}", and they are never encrypted. Keep them on 127.0.0.1, switch them off with \`metricsPort: false\`, or say \`insecure\`.`,
    );
  }
}

/** Whether an address reaches this machine alone. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(host);
}
