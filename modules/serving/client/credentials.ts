import { readFile } from "node:fs/promises";
import type { ChannelCredentials } from "@grpc/grpc-js";
import { InvalidArgumentError, reasonOf } from "../../../core/index.ts";
import { ServerInsecureError } from "../errors.ts";
import type { Protos } from "../protocol/load-protos.ts";
import { isOnThisMachine } from "./address.ts";
import type { ClientTls, Connection } from "./connection-options.ts";

/**
 * What channels are encrypted with.
 *
 * @throws {@link ServerInsecureError} where a token would be readable on its way to another machine;
 *   `TWIN_INVALID_ARGUMENT` for a file that cannot be read or used.
 */
export async function channelCredentials(
  { grpc }: Protos,
  { endpoints = [], tls, token, insecure }: Connection,
): Promise<ChannelCredentials> {
  if (tls !== undefined) return await encrypted(grpc, tls);
  const away = endpoints.find((address) => !isOnThisMachine(address));
  if (token !== undefined && away !== undefined && !insecure) {
    throw new ServerInsecureError(
      `The token ${token} would go to ${away} unencrypted: whoever is on the network could read it. Give \`tls\` ({} trusts the system's authorities), or say \`insecure\`.`,
    );
  }
  return grpc.credentials.createInsecure();
}

async function encrypted(grpc: Protos["grpc"], tls: ClientTls): Promise<ChannelCredentials> {
  const [ca, cert, key] = await Promise.all([
    read("authority", tls.authority),
    read("certificate", tls.certificate),
    read("key", tls.key),
  ]);
  // OpenSSL takes such a file for an empty list.
  if (ca && !ca.includes("-----BEGIN CERTIFICATE-----")) {
    throw new InvalidArgumentError(`\`tls.authority\`: ${tls.authority} has no certificate; it must be PEM.`);
  }
  try {
    return grpc.credentials.createSsl(ca, key, cert);
  } catch (error) {
    const files = [tls.authority, tls.certificate, tls.key].filter((file) => file !== undefined).join(", ");
    throw new InvalidArgumentError(
      `\`tls\` cannot be used (${files}): ${reasonOf(error)}. The files must be PEM, the key the certificate's own and without a passphrase.`,
      { cause: error },
    );
  }
}

async function read(option: keyof ClientTls, file: string | undefined): Promise<Buffer | null> {
  if (file === undefined) return null;
  try {
    return await readFile(file);
  } catch (error) {
    throw new InvalidArgumentError(`\`tls.${option}\`: ${file} cannot be read: ${reasonOf(error)}.`, { cause: error });
  }
}
