import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { type Clock, InvalidArgumentError, type Log, reasonOf, writeFileAtomically } from "../../../core/index.ts";
import { addressProblem } from "../client/address.ts";
import type { InferenceServer } from "../server/inference-server.ts";
import type { ServerRegistration } from "./registration.ts";

/** How a server is registered. */
export interface RegisterServerOptions {
  /** Where registrations lie; made if need be. */
  readonly folder: string;
  /** Host that others reach it under; that of this machine, or of the address it listens on, by default. */
  readonly advertise?: string | undefined;
  /** Whether it encrypts; false by default. */
  readonly tls?: boolean | undefined;
  /** The version that it serves, looked up at each heartbeat. */
  readonly twin?: (() => ServerRegistration["twin"]) | undefined;
  /** Told of heartbeats that could not be written. */
  readonly log: Log;
  /** The wall clock by default. */
  readonly clock?: Clock | undefined;
  /** How often it says that it is there, ms; 5,000 by default. */
  readonly heartbeatMs?: number | undefined;
}

/** A server that is registered. */
export interface RegisteredServer {
  /** Its file. */
  readonly file: string;
  readonly address: string;
  /** Takes the registration away. Do it before the server is stopped: clients then ask others at once. */
  stop(): Promise<void>;
}

const HEARTBEAT_MS = 5_000;

/**
 * Lets clients find a running server: writes `<host>-<pid>-<random>.json` to a folder that they share, as a file that is
 * complete or not there, and again at each heartbeat. A server that is killed leaves its file; clients see that it does not
 * change any more, and that nobody answers.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for a host that is none, or for `heartbeatMs` below 1; `TWIN_WRITE_FAILED`.
 *
 * @example
 * await server.publish(servablesOf(twin));
 * const registered = await registerServer(server, { folder: "/scratch/batch/servers", log });
 * // … later
 * await registered.stop();
 * await server.stop();
 */
export async function registerServer(
  server: InferenceServer,
  options: RegisterServerOptions,
): Promise<RegisteredServer> {
  const { folder, log, tls = false, clock, heartbeatMs = HEARTBEAT_MS } = options;
  if (!Number.isInteger(heartbeatMs) || heartbeatMs < 1) {
    throw new InvalidArgumentError(`heartbeatMs, ${heartbeatMs}, must be a whole number of milliseconds above 0.`);
  }
  const { port } = server.address;
  const host = options.advertise ?? hostOf(server.address.host);
  const address = `${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}`;
  const problem = addressProblem(address);
  if (problem !== undefined) throw new InvalidArgumentError(`A server cannot be advertised so: ${problem}`);
  const name = `${host.replaceAll(/[^A-Za-z0-9.-]/g, "_")}-${process.pid}-${randomBytes(4).toString("hex")}`;
  const file = join(folder, `${name}.json`);
  const now = (): string => new Date(clock?.now() ?? Date.now()).toISOString();
  const startedAt = now();
  let beat = 0;
  const write = async (): Promise<void> => {
    const registration: ServerRegistration = {
      ...{ schemaVersion: 1, name, address, host, port, pid: process.pid, startedAt, tls },
      ...{ models: server.models, twin: options.twin?.() ?? null, heartbeatMs, beat: beat++, beatAt: now() },
    };
    await writeFileAtomically(file, `${JSON.stringify(registration, null, 2)}\n`, { existing: "replace" });
  };
  await write();
  let writing: Promise<void> = Promise.resolve();
  let hasFailed = false;
  const renew = async (): Promise<void> => {
    try {
      await write();
      hasFailed = false;
    } catch (error) {
      // Clients go on with a server that answers. It is told once for as long as it lasts.
      if (!hasFailed) log.warn({ file, problem: reasonOf(error) }, "the registration could not be renewed");
      hasFailed = true;
    }
  };
  let isWriting = false;
  const timer = setInterval(() => {
    if (isWriting) return;
    isWriting = true;
    writing = renew().finally(() => {
      isWriting = false;
    });
  }, heartbeatMs).unref();
  return {
    file,
    address,
    stop: async () => {
      clearInterval(timer);
      await writing;
      await rm(file, { force: true });
    },
  };
}

/** Where a server is reached that listens there: one that listens everywhere, by the name of this machine. */
function hostOf(listening: string): string {
  return ["0.0.0.0", "::", "[::]"].includes(listening) ? hostname() : listening;
}
