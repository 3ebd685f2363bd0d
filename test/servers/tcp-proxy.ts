import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A port that leads to another one, until the connections through it are broken. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Breaks what is open, as a lost network does. New connections are taken at once. */
  breakAll(): void;
  /** Passes nothing on any more, in either direction, and says nothing: as a machine that has lost its power. */
  freeze(): void;
}

/** Starts a proxy on this machine. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  // Half open: what one side sent before it ended still reaches the other.
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port: targetPort, host: "127.0.0.1", allowHalfOpen: true });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.once("close", (hadError) => {
        sockets.delete(socket);
        if (hadError) other.destroy();
      });
      socket.pipe(other);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const breakAll = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    breakAll,
    freeze: () => {
      for (const socket of sockets) socket.unpipe();
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      breakAll();
      await once(server, "close");
    },
  };
}
