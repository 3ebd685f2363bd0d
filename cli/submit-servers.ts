import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  BatchFolder,
  BatchPaths,
  bringTwin,
  type Digest,
  ExecutorUnreachableError,
  loadSpec,
  type VersionEntry,
} from "../core/index.ts";
import {
  chosenExecutor,
  type ExecutorFile,
  type OpenExecutor,
  rememberExecutor,
  withExecutor,
} from "./batch-executor.ts";
import type { CommandIo } from "./command.ts";
import { elementResources } from "./element-resources.ts";
import { UsageError } from "./errors.ts";
import { inStore, isTwinFile, loadTwin } from "./load-twin.ts";
import { kebab } from "./program.ts";
import {
  rememberServers,
  type ServeBatch,
  type ServersStatus,
  serversArray,
  serversStatus,
  writeServeBatch,
} from "./serve-batch.ts";
import { serveCommand } from "./serve-command.ts";
import type { DryRun } from "./submit-batch.ts";
import type { ServersChoice, SubmitChoice } from "./submit-options.ts";

/** A twin that is served, as it was typed, and the folder of its servers. */
interface ServersTarget {
  readonly twin: string;
  readonly shown: string;
}

/** Options that are of sweeps, or of runs that end. */
const NOT_OF_SERVERS = [
  ...(["parameter", "zip", "table", "input", "seed", "packing", "taskTime"] as const),
  ...(["measure", "arrayLimit", "watch", "retries"] as const),
];

/** Whether `serve` means servers of a twin: it has no task or plan of that name. */
export async function isServing(
  twin: string,
  { store, force }: Pick<SubmitChoice, "store" | "force">,
  io: Pick<CommandIo, "cwd" | "signal" | "warn">,
): Promise<boolean> {
  const { plugins, plans = {} } = await loadTwin({ twin, store, withdrawn: force ? "allow" : "refuse" }, io);
  const tasks = Object.values(plugins).flatMap(({ definition }) => definition.tasks ?? []);
  return !Object.hasOwn(plans, "serve") && !tasks.some(({ name }) => name === "serve");
}

/** Seals servers of a twin and submits them, as one array. @throws `TWIN_USAGE`; what sealing and the executor throw. */
export async function submitServers(
  { twin, shown }: ServersTarget,
  typed: SubmitChoice & ServersChoice,
  io: CommandIo,
): Promise<ServersStatus> {
  checkOfServers(typed);
  const { cwd, signal } = io;
  const folder = resolve(cwd, shown);
  const where = await chosenExecutor(typed, cwd);
  const seal = sealing(typed, where, cwd);
  const paths = await BatchFolder.reserve(folder);
  const version = await brought(twin, paths.store, typed, io);
  return await withExecutor(where, { folder, signal }, async (open) => {
    const sealed = seal(paths, version, open);
    await rememberExecutor(folder, where);
    await writeServeBatch(folder, sealed);
    const problems: string[] = [];
    const found = await open.executor.submit(serversArray(folder, sealed), { signal }).catch((error: unknown) => {
      if (!(error instanceof ExecutorUnreachableError)) throw error;
      problems.push(error.message);
      return undefined;
    });
    if (found) await rememberServers(folder, found);
    return await serversStatus(folder, sealed, { open, problems, io });
  });
}

/** What {@link submitServers} would submit; leaves nothing behind. */
export async function dryRunServers(
  { twin, shown }: ServersTarget,
  typed: SubmitChoice & ServersChoice,
  io: CommandIo,
): Promise<DryRun> {
  checkOfServers(typed);
  const { cwd, signal } = io;
  const folder = resolve(cwd, shown);
  const where = await chosenExecutor(typed, cwd);
  const seal = sealing(typed, where, cwd);
  const scratch = await mkdtemp(join(tmpdir(), "twinloom-dry-run-"));
  try {
    const version = await brought(twin, new BatchPaths(scratch).store, typed, io);
    return await withExecutor(where, { folder: scratch, signal }, async (open) => {
      const array = serversArray(folder, seal(new BatchPaths(folder), version, open));
      const script = open.slurm?.script(array) ?? null;
      return { executor: where.executor, packing: [], arrays: [{ stage: "serve", array, script }] };
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function checkOfServers(typed: SubmitChoice): void {
  const strays = NOT_OF_SERVERS.filter((name) => {
    const value = typed[name];
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
  });
  if (strays.length === 0) return;
  const shown = strays.map((name) => `--${kebab(name)}`).join(", ");
  throw new UsageError(
    `serve starts servers, which all run until they are ended: ${shown} ${strays.length > 1 ? "are" : "is"} for tasks and plans. ` +
      "Leave that out; --nodes says how many servers there are.",
  );
}

/** How servers are sealed, by what was typed. */
function sealing(
  typed: SubmitChoice & ServersChoice,
  { executor }: ExecutorFile,
  cwd: string,
): (paths: BatchPaths, version: VersionEntry, open: OpenExecutor) => ServeBatch {
  const resources = elementResources(typed, executor);
  const tls = tlsOf(typed, cwd);
  const { tokens, insecure, atTimeLimit, only, maxBatch, nodes } = typed;
  const host = typed.host ?? (executor === "local" ? "127.0.0.1" : "0.0.0.0");
  return (paths, version, open) => {
    const serve = serveCommand({
      ...{ version: version.digest as Digest, store: paths.store, registry: paths.servers, host, tls },
      ...{ tokens: tokens === undefined ? undefined : resolve(cwd, tokens), insecure, only, maxBatch },
      atTimeLimit: atTimeLimit as "restart" | "end",
    });
    return {
      schemaVersion: 1,
      token: randomBytes(16).toString("hex"),
      twin: { name: version.twin, version: version.digest },
      nodes,
      command: [...open.command, ...serve],
      resources,
    };
  };
}

/** Brings the version of a twin that is served into a store. @param into - Absolute folder. */
async function brought(
  twin: string,
  into: string,
  { store: typed }: Pick<SubmitChoice, "store">,
  io: CommandIo,
): Promise<VersionEntry> {
  const { cwd, signal } = io;
  const options = { signal, onNote: (note: string): void => io.warn(note) };
  if (isTwinFile(twin, cwd)) return await bringTwin(await loadSpec(resolve(cwd, twin), { signal }), into, options);
  return await inStore({ twin, store: typed }, io, (store) => bringTwin({ store, version: twin }, into, options));
}

function tlsOf(
  { tlsCertificate, tlsKey, tlsClientCa }: ServersChoice,
  cwd: string,
): Parameters<typeof serveCommand>[0]["tls"] {
  if (tlsCertificate === undefined && tlsKey === undefined) return undefined;
  if (tlsCertificate === undefined || tlsKey === undefined) {
    throw new UsageError("--tls-certificate and --tls-key belong together: give both.");
  }
  return {
    certificate: resolve(cwd, tlsCertificate),
    key: resolve(cwd, tlsKey),
    clientAuthority: tlsClientCa === undefined ? undefined : resolve(cwd, tlsClientCa),
  };
}
