import type { Log } from "../../core/index.ts";
import { InferenceServer, type InferenceServerOptions, type Servable } from "../../modules/serving/index.ts";

/** A server of this process. */
export interface TestServer extends AsyncDisposable {
  readonly server: InferenceServer;
  /** `127.0.0.1:PORT` */
  readonly endpoint: string;
}

/** A log that nobody reads. */
export const NO_LOG: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Serves on a free port of this machine, without metrics where the options do not say otherwise. */
export async function startServer(
  servables: readonly Servable[],
  options: InferenceServerOptions = {},
): Promise<TestServer> {
  const server = new InferenceServer({ port: 0, metricsPort: false, ...options }, { log: NO_LOG });
  await server.start();
  await server.publish(servables);
  return {
    server,
    endpoint: `127.0.0.1:${server.address.port}`,
    [Symbol.asyncDispose]: () => server.stop(),
  };
}
