import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { ServerMetrics } from "./metrics.ts";
import { startErrorOf } from "./start-error.ts";

/** Tells metrics and health over HTTP: `/metrics`, and `/healthz`, which is 200 while requests are taken, else 503. */
export class MetricsServer {
  readonly #server: Server;

  constructor(metrics: ServerMetrics, isReady: () => boolean) {
    this.#server = createServer((request, response) => {
      const path = request.url?.split("?")[0];
      const isRead = request.method === "GET" || request.method === "HEAD";
      if (isRead && path === "/metrics") {
        metrics.text().then(
          (text) => response.writeHead(200, { "content-type": metrics.contentType }).end(text),
          () => response.writeHead(500).end(),
        );
        return;
      }
      const text = { "content-type": "text/plain; charset=utf-8" };
      if (isRead && path === "/healthz")
        response.writeHead(isReady() ? 200 : 503, text).end(isReady() ? "ready\n" : "not ready\n");
      else response.writeHead(isRead ? 404 : 405, text).end("There are /metrics and /healthz, to GET.\n");
    });
  }

  /** @throws `TWIN_SERVER_START_FAILED` */
  async start(host: string, port: number): Promise<{ readonly host: string; readonly port: number }> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (error) => reject(startErrorOf("metrics", { host, port }, error)));
      this.#server.listen({ host, port }, resolve);
    });
    return { host, port: (this.#server.address() as AddressInfo).port };
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#server.closeAllConnections();
    await closed;
  }
}
