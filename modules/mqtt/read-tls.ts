import { readFile } from "node:fs/promises";
import { createSecureContext, type SecureContext } from "node:tls";
import { InvalidArgumentError, reasonOf } from "../../core/index.ts";
import type { MqttTls } from "./options.ts";

/**
 * What a connection is encrypted with. Read for each connection, so that a renewed certificate is used.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for a file that cannot be read or used.
 */
export async function readTls(tls: MqttTls): Promise<SecureContext> {
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
    return createSecureContext({ ca, cert, key });
  } catch (error) {
    const files = [tls.authority, tls.certificate, tls.key].filter((file) => file !== undefined).join(", ");
    throw new InvalidArgumentError(
      `\`tls\` cannot be used (${files}): ${reasonOf(error)}. The files must be PEM, the key the certificate's own and without a passphrase.`,
      { cause: error },
    );
  }
}

async function read(option: string, file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file);
  } catch (error) {
    throw new InvalidArgumentError(`\`tls.${option}\`: ${file} cannot be read: ${reasonOf(error)}.`, { cause: error });
  }
}
