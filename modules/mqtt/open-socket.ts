import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectEncrypted, type SecureContext } from "node:tls";
import { ConnectionFailure, socketFailure } from "./failure.ts";

/** Where a broker listens. */
export interface BrokerPlace {
  readonly host: string;
  readonly port: number;
  /** Encrypts with this. */
  readonly secureContext: SecureContext | undefined;
  /** Name that the broker's certificate is for, where it is not the host's. */
  readonly serverName: string | undefined;
  /** Longest time that it may take, ms. */
  readonly connectMs: number;
}

/**
 * Connects, and checks the certificate: nothing is sent before, a password least of all.
 *
 * @throws {@link ConnectionFailure}; the signal's reason.
 */
export async function openSocket(place: BrokerPlace, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const { host, port, secureContext, serverName, connectMs } = place;
  const name = serverName ?? (isIP(host) ? undefined : host);
  // What a broker does that does not understand a TLS handshake.
  const hint = secureContext ? ". Does the broker encrypt at this port?" : "";
  const socket = secureContext
    ? connectEncrypted({ host, port, secureContext, ...(name !== undefined && { servername: name }) })
    : connectPlain({ host, port });
  try {
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason);
      const giveUp = (): void => reject(new ConnectionFailure(`it did not answer within ${connectMs} ms`));
      const timer = setTimeout(giveUp, connectMs);
      signal.addEventListener("abort", onAbort, { once: true });
      socket.once("error", (error) => reject(socketFailure(error, hint)));
      socket.once("close", () => reject(new ConnectionFailure(`it closed the connection at once${hint}`)));
      socket.once(secureContext ? "secureConnect" : "connect", () => resolve());
      socket.once("close", () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
      });
      socket.once(secureContext ? "secureConnect" : "connect", () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
      });
    });
  } catch (error) {
    socket.on("error", () => undefined);
    socket.destroy();
    throw error;
  }
  socket.removeAllListeners("error");
  socket.setNoDelay(true);
  return socket;
}
