import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import {
  type ArrayJob,
  BatchDamagedError,
  BatchPaths,
  canonicalJson,
  checkSchema,
  type ElementStatus,
  ExecutorUnreachableError,
  type SubmittedArray,
  writeFileAtomically,
} from "../core/index.ts";
import { readRegistry, type ServerRegistration } from "../modules/serving/index.ts";
import { type OpenExecutor, rememberedExecutor, withExecutor } from "./batch-executor.ts";
import type { CommandIo } from "./command.ts";
import { UsageError } from "./errors.ts";

/** In the folder of servers, in place of batch.json. Written last, and never changed. */
const FILE = "serve.json";
/** The array, once it is known that the executor has it. */
const SUBMITTED = "submitted.json";

const ServeSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** By it the array is found again. */
  token: z.string().regex(/^[0-9a-f]{32}$/),
  twin: z.strictObject({ name: z.string(), version: z.string() }),
  nodes: z.int().min(1),
  command: z.tuple([z.string()], z.string()),
  resources: z.strictObject({
    timeLimitS: z.number().optional(),
    warnS: z.number().optional(),
    cpus: z.number().optional(),
    memoryMiB: z.number().optional(),
    gpus: z.number().optional(),
  }),
});

/** Servers of a twin, one per element of an array: what was sealed. */
export type ServeBatch = z.output<typeof ServeSchema>;

/** How servers are. */
export interface ServersStatus {
  readonly twin: ServeBatch["twin"];
  readonly nodes: number;
  /** The executor's name of the array; `null` where it is not known whether it has it. */
  readonly job: string | null;
  readonly elements: readonly ElementStatus[];
  /** Those that have registered, and whether the last sign of life is young by the clock here. */
  readonly servers: readonly (ServerRegistration & { readonly isAlive: boolean })[];
  readonly problems: readonly string[];
}

/** A sign of life is missed as often before a server counts as gone. */
const MISSED_BEATS = 5;

/** Whether a folder is one of servers. */
export async function isServeBatch(folder: string): Promise<boolean> {
  return (await stat(join(folder, FILE)).catch(() => undefined))?.isFile() === true;
}

/** What was sealed. @throws `TWIN_BATCH_DAMAGED` */
export async function readServeBatch(folder: string): Promise<ServeBatch> {
  const path = join(folder, FILE);
  const checked = checkSchema(ServeSchema, await jsonIn(path));
  if (checked.problems === undefined) return checked.value;
  const [first] = checked.problems;
  const problem = `is not as it was sealed: ${first?.path.join(".") || "as a whole"}: ${first?.message}`;
  throw new BatchDamagedError(path, problem, "End its servers by hand, and submit them again in another folder.");
}

/** Writes down what servers are, before they are submitted. */
export async function writeServeBatch(folder: string, sealed: ServeBatch): Promise<void> {
  await writeFileAtomically(join(folder, FILE), canonicalJson(sealed), { existing: "refuse" });
}

/** How servers are, asked of their executor. */
export async function showServers(folder: string, io: CommandIo): Promise<ServersStatus> {
  return await withSealed(folder, io, (sealed, open) => serversStatus(folder, sealed, { open, problems: [], io }));
}

/** Submits servers again whose array the executor does not have. One that has ended stays ended. */
export async function resumeServers(folder: string, io: CommandIo): Promise<ServersStatus> {
  return await withSealed(folder, io, async (sealed, open) => {
    const { signal } = io;
    const known = (await submitted(folder)) ?? (await open.executor.find(sealed.token, { signal }));
    if (known === "none")
      await rememberServers(folder, await open.executor.submit(serversArray(folder, sealed), { signal }));
    return await serversStatus(folder, sealed, { open, problems: [], io });
  });
}

/** Ends servers. */
export async function cancelServers(folder: string, io: CommandIo): Promise<void> {
  await withSealed(folder, io, async (sealed, { executor }) => {
    const array = await arrayKnown(folder, sealed, { executor, signal: io.signal });
    if (array) return await executor.cancel(array, { signal: io.signal });
    throw new UsageError(
      `No array of the servers of "${folder}" is known: it was not submitted, or cannot be found yet. Ask again in a minute; twinloom jobs show says what is known.`,
    );
  });
}

/** Where what a server printed is. */
export async function serverLog(
  folder: string,
  typed: string,
): Promise<{ readonly file: string | null; readonly problem?: string }> {
  const { token, nodes } = await readServeBatch(folder);
  const element = Number(/^(?:serve\.)?(\d+)$/.exec(typed)?.[1] ?? Number.NaN);
  if (!(element < nodes)) throw new UsageError(`"${typed}" is no server: say 0 to ${nodes - 1}.`);
  const file = new BatchPaths(folder).log(token, element);
  if ((await stat(file).catch(() => undefined))?.isFile()) return { file };
  return { file: null, problem: "The server has not begun, or its log is not there yet." };
}

async function withSealed<T>(
  folder: string,
  io: CommandIo,
  work: (sealed: ServeBatch, open: OpenExecutor) => Promise<T>,
): Promise<T> {
  const sealed = await readServeBatch(folder);
  const where = await rememberedExecutor(folder);
  if (!where)
    throw new BatchDamagedError(folder, "has no executor.json.", "Submit the servers again, in another folder.");
  return await withExecutor(where, { folder, signal: io.signal }, (open) => work(sealed, open));
}

/** How servers are, by what is sealed, their executor and their own registrations. */
export async function serversStatus(
  folder: string,
  sealed: ServeBatch,
  { open, problems, io }: { readonly open: OpenExecutor; readonly problems: string[]; readonly io: CommandIo },
): Promise<ServersStatus> {
  const { executor } = open;
  const { signal } = io;
  let array: SubmittedArray | undefined;
  let elements: readonly ElementStatus[] = [];
  try {
    array = await arrayKnown(folder, sealed, { executor, signal });
    if (array) elements = (await executor.observe([array], { signal }))[0] ?? [];
    else problems.push("It is not known whether the array was submitted. twinloom jobs resume finds out.");
  } catch (error) {
    if (!(error instanceof ExecutorUnreachableError)) throw error;
    problems.push(error.message);
  }
  const registered = await readRegistry(new BatchPaths(folder).servers).catch(() => []);
  const now = Date.now();
  const servers = registered.map((server) => ({
    ...server,
    isAlive: now - Date.parse(server.beatAt) < MISSED_BEATS * server.heartbeatMs,
  }));
  return { twin: sealed.twin, nodes: sealed.nodes, job: array?.id ?? null, elements, servers, problems };
}

/** The array as it was written down, or is found by its token. */
async function arrayKnown(
  folder: string,
  { token }: ServeBatch,
  { executor, signal }: Pick<OpenExecutor, "executor"> & { readonly signal: AbortSignal },
): Promise<SubmittedArray | undefined> {
  const written = await submitted(folder);
  if (written) return written;
  const found = await executor.find(token, { signal });
  if (typeof found === "string") return undefined;
  await rememberServers(folder, found);
  return found;
}

async function submitted(folder: string): Promise<SubmittedArray | undefined> {
  const schema = z.strictObject({ token: z.string(), id: z.string(), elements: z.int() });
  const value = await jsonIn(join(folder, SUBMITTED)).catch(() => undefined);
  return schema.safeParse(value).data;
}

/** Writes down that the executor has the array. */
export async function rememberServers(folder: string, array: SubmittedArray): Promise<void> {
  const { token, id, elements } = array;
  await writeFileAtomically(join(folder, SUBMITTED), canonicalJson({ token, id, elements }), { existing: "replace" });
}

/** The array of servers as it is submitted. */
export function serversArray(folder: string, { token, twin, nodes, command, resources }: ServeBatch): ArrayJob {
  const name = `serve-${twin.name}`.replaceAll(/[^A-Za-z0-9._-]+/g, "-").slice(0, 64);
  const logFolder = new BatchPaths(folder).logs(token);
  return { token, name, command, workingFolder: folder, logFolder, elements: nodes, resources };
}

async function jsonIn(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8");
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
