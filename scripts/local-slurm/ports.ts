import { once } from "node:events";
import { createServer } from "node:net";
import { type LocalSlurmOptions, nodeNames, type SlurmPorts } from "./configuration.ts";

/**
 * Ports of the daemons: those that follow the given one, or free ones.
 *
 * @throws Error when a given one is taken.
 */
export async function slurmPorts(options: LocalSlurmOptions): Promise<SlurmPorts> {
  const { port } = options;
  const count = nodeNames(options).length + 1;
  if (port === undefined) {
    const [controller = 0, ...nodes] = await freePorts(count);
    return { controller, nodes };
  }
  const ports = Array.from({ length: count }, (_, i) => port + i);
  for (const each of ports) {
    try {
      await (await listen(each)).release();
    } catch (error) {
      throw new Error(`Port ${each} is taken (${(error as Error).message}). Needed: ${ports.join(", ")}.`, {
        cause: error,
      });
    }
  }
  return { controller: port, nodes: ports.slice(1) };
}

/** Ports that nobody listens at, all different. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const held = await Promise.all(Array.from({ length: count }, () => listen(0)));
  await Promise.all(held.map(({ release }) => release()));
  return held.map(({ port }) => port);
}

async function listen(wanted: number): Promise<{ readonly port: number; release(): Promise<void> }> {
  const server = createServer();
  server.listen(wanted);
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : wanted,
    release: async () => {
      server.close();
      await once(server, "close");
    },
  };
}
