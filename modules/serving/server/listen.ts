import type * as Grpc from "@grpc/grpc-js";
import type { Log } from "../../../core/index.ts";
import type { ServerAddress } from "./inference-server.ts";
import type { ServerTls } from "./options.ts";
import { readTls } from "./read-tls.ts";
import { startErrorOf } from "./start-error.ts";

/** How long connections may take to say good-bye once nothing is asked on them any more, ms. */
const GOODBYE_MS = 500;

/**
 * Resets of calls that one connection may send, at once and per second. The library of HTTP/2 ends a connection beyond
 * 1,000 and 33 per second, with all that others ask on it; so many calls run into their deadlines where deadlines are
 * short. It is still too few to keep a server busy with calls that nobody wants. Node.js 20 leaves these options alone.
 */
const RESETS = { streamResetBurst: 10_000, streamResetRate: 10_000 };

/** Makes a server. grpc-js gives these options to HTTP/2 and has no name of its own for {@link RESETS} (1.14). */
export function makeServer(grpc: typeof Grpc, options: Grpc.ServerOptions): Grpc.Server {
  const server = new grpc.Server(options);
  const { commonServerOptions } = server as unknown as { readonly commonServerOptions?: object };
  if (commonServerOptions) Object.assign(commonServerOptions, RESETS);
  return server;
}

/** @returns The port. @throws `TWIN_SERVER_START_FAILED` */
export async function bind(
  server: Grpc.Server,
  at: ServerAddress,
  credentials: Grpc.ServerCredentials,
): Promise<number> {
  const address = at.host.includes(":") && !at.host.startsWith("[") ? `[${at.host}]` : at.host;
  return await new Promise((resolve, reject) => {
    server.bindAsync(`${address}:${at.port}`, credentials, (error, port) => {
      if (error) reject(startErrorOf("models", at, error));
      else resolve(port);
    });
  });
}

/** Ends connections when their calls have ended, and all others after a while. */
export async function shutDown(server: Grpc.Server): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, GOODBYE_MS);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Reads the files that encrypt, and warns of certificates whose time is not now. @throws `TWIN_SERVER_START_FAILED` */
export async function credentialsOf(
  grpc: typeof Grpc,
  tls: ServerTls | undefined,
  { log, now }: { readonly log: Log; readonly now: () => number },
): Promise<Grpc.ServerCredentials> {
  if (tls === undefined) return grpc.ServerCredentials.createInsecure();
  const { certificate, key, clientAuthority, certificates } = await readTls(tls);
  for (const { file, subject, validFrom, validTo } of certificates) {
    const fields = { certificate: file, subject };
    if (Date.parse(validTo) < now())
      log.warn({ ...fields, validTo: new Date(validTo).toISOString() }, "The certificate has expired");
    if (Date.parse(validFrom) > now())
      log.warn({ ...fields, validFrom: new Date(validFrom).toISOString() }, "The certificate is not valid yet");
  }
  const pair = { cert_chain: certificate, private_key: key };
  return grpc.ServerCredentials.createSsl(clientAuthority, [pair], clientAuthority !== null);
}
