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
  /** All certificates in them. */
  readonly certificates: readonly ReadCertificate[];
}

/** A certificate, as far as logs tell of it. Times are as OpenSSL writes them. */
export interface ReadCertificate {
  readonly file: string;
  readonly subject: string;
  readonly validFrom: string;
  readonly validTo: string;
}

/**
 * @throws {@link ServerStartError} for a file that cannot be read, certificates that are not all PEM, or a key of another
 *   certificate.
 */
export async function readTls({ certificate, key, clientAuthority }: ServerTls): Promise<TlsFiles> {
  const [certificateFile, keyFile, authorityFile] = await Promise.all([
    read("certificate", certificate),
    read("private key", key),
    clientAuthority === undefined ? null : read("authority of clients", clientAuthority),
  ]);
  const own = certificatesIn("certificate", certificate, certificateFile);
  const authorities =
    clientAuthority === undefined || authorityFile === null
      ? []
      : certificatesIn("authority of clients", clientAuthority, authorityFile);
  if (!own[0]?.checkPrivateKey(privateKeyIn(key, keyFile))) {
    throw new ServerStartError(
      `The private key "${key}" is not that of the certificate "${certificate}". Give the two that were made together; in a file of several certificates the server's own must be the first.`,
    );
  }
  return {
    certificate: certificateFile,
    key: keyFile,
    clientAuthority: authorityFile,
    certificates: [
      ...own.map((each) => describe(certificate, each)),
      ...authorities.map((each) => describe(clientAuthority ?? "", each)),
    ],
  };
}

function describe(file: string, { subject, validFrom, validTo }: X509Certificate): ReadCertificate {
  return { file, subject: subject.replaceAll("\n", ", "), validFrom, validTo };
}

async function read(what: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new ServerStartError(`The ${what} "${file}" cannot be read: ${reasonOf(error)}.`, { cause: error });
  }
}

const BEGIN = "-----BEGIN CERTIFICATE-----";

/** Each by itself: OpenSSL leaves away what follows one that it cannot read. */
function certificatesIn(what: string, file: string, bytes: Buffer): readonly X509Certificate[] {
  const parts = bytes.toString("latin1").split(BEGIN).slice(1);
  if (parts.length === 0) {
    throw new ServerStartError(
      `The ${what} "${file}" is no certificate in PEM, which begins with ${BEGIN}. openssl x509 -inform DER makes one of a certificate in DER.`,
    );
  }
  return parts.map((part, index) => {
    try {
      return new X509Certificate(`${BEGIN}${part}`);
    } catch (error) {
      throw new ServerStartError(
        `The ${what} "${file}" cannot be read: of its ${parts.length} certificates number ${index + 1} is none: ${reasonOf(error)}.`,
        { cause: error },
      );
    }
  });
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
