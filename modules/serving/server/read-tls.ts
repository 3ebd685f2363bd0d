import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { reasonOf } from "../../../core/index.ts";
import { ServerStartError } from "../errors.ts";
import type { ServerTls } from "./options.ts";

/** What the files of a {@link ServerTls} hold. */
export interface TlsFiles {
  readonly certificate: Buffer;
  readonly key: Buffer;
  readonly clientAuthority: Buffer | null;
  /** When the certificate ends. */
  readonly validTo: Date;
}

/** @throws {@link ServerStartError} for a file that cannot be read, is no PEM, or a key of another certificate. */
export async function readTls({ certificate, key, clientAuthority }: ServerTls): Promise<TlsFiles> {
  const [certificateFile, keyFile, authorityFile] = await Promise.all([
    read("certificate", certificate),
    read("private key", key),
    clientAuthority === undefined ? null : read("authority of clients", clientAuthority),
  ]);
  const parsed = certificateIn("certificate", certificate, certificateFile);
  if (clientAuthority !== undefined && authorityFile !== null) {
    certificateIn("authority of clients", clientAuthority, authorityFile);
  }
  if (!parsed.checkPrivateKey(privateKeyIn(key, keyFile))) {
    throw new ServerStartError(
      `The private key "${key}" is not that of the certificate "${certificate}". Give the two that were made together; in a file of several certificates the server's own must be the first.`,
    );
  }
  const validTo = new Date(parsed.validTo);
  return { certificate: certificateFile, key: keyFile, clientAuthority: authorityFile, validTo };
}

async function read(what: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new ServerStartError(`The ${what} "${file}" cannot be read: ${reasonOf(error)}.`, { cause: error });
  }
}

function certificateIn(what: string, file: string, bytes: Buffer): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch (error) {
    throw new ServerStartError(
      `The ${what} "${file}" is no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----.`,
      { cause: error },
    );
  }
}

function privateKeyIn(file: string, bytes: Buffer): KeyObject {
  try {
    return createPrivateKey(bytes);
  } catch (error) {
    throw new ServerStartError(
      `The private key "${file}" cannot be used: it must be PEM (-----BEGIN PRIVATE KEY-----) without a passphrase.`,
      { cause: error },
    );
  }
}
