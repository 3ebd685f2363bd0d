// Asks a server for showers, one a request, many at a time, and tells the memory of both processes meanwhile as JSON:
// `node --conditions=@twinloom/source test/bench/serving-memory.ts 100000`.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTwin } from "../../core/index.ts";
import { remoteGenerator } from "../../modules/serving/index.ts";
import { startServe } from "../servers/twinloom-serve.ts";
import { flatness, residentMegabytes } from "./process-usage.ts";
import { SERVED_TWIN } from "./served-twin.ts";

const requests = Number(process.argv[2]);
/** Requests at a time. */
const CLIENTS = 64;
/** Samples of the memory: so many over all requests. The first fifth warms up. */
const SAMPLES = 250;

const folder = await mkdtemp(join(tmpdir(), "twinloom-serving-memory-"));
try {
  await writeFile(join(folder, "twin.yaml"), SERVED_TWIN);
  await using server = await startServe([join(folder, "twin.yaml")]);
  await using twin = await createTwin({
    plugins: { shower: remoteGenerator({ endpoints: [server.endpoint], model: "gan" }) },
  });
  const pid = server.child.pid as number;
  const memory = { server: [] as number[], client: [] as number[] };
  const errors: string[] = [];
  let next = 0;
  let done = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      while (next < requests) {
        const event = next++;
        const conditions = {
          incident_energy: Float64Array.of(1000 * 100 ** ((event * 0.618034) % 1)),
          absorber_thickness: Float64Array.of(1.4),
        };
        if (server.child.exitCode !== null || server.child.signalCode !== null) {
          throw new Error(
            `The server has ended (${server.child.exitCode ?? server.child.signalCode}):\n${server.log()}`,
          );
        }
        try {
          const request = { conditions, eventIds: BigInt64Array.of(BigInt(event)), seed: 1n };
          for await (const { count } of twin.shower.generate(request)) {
            if (count !== 1) throw new Error(`${count} showers came for one.`);
          }
        } catch (error) {
          errors.push(String(error));
        }
        done++;
        if (done % Math.max(1, Math.floor(requests / SAMPLES)) === 0) {
          memory.server.push(residentMegabytes(pid));
          memory.client.push(residentMegabytes(process.pid));
        }
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  const { endpoints } = twin.shower.remote;
  const result = {
    requests,
    clients: CLIENTS,
    seconds: Math.round(seconds),
    showers_per_second: Math.round(requests / seconds),
    errors: errors.length,
    first_error: errors[0],
    repeated: endpoints.reduce((sum, { failed }) => sum + failed, 0),
    server: flatness(memory.server),
    client: flatness(memory.client),
  };
  process.stdout.write(`${JSON.stringify(result, undefined, 1)}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
