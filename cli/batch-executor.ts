import { constants } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { z } from "zod";
import {
  BatchDamagedError,
  canonicalJson,
  checkSchema,
  createTwin,
  type Executor,
  ReadFailedError,
  writeFileAtomically,
} from "../core/index.ts";
import type { Slurm } from "../modules/slurm/index.ts";
import { UsageError } from "./errors.ts";
import type { ExecutorChoice } from "./executor-options.ts";
import { ownCommand } from "./own-command.ts";
import { withTwin } from "./with-twin.ts";

/** In the folder of a batch: where it runs. */
const FILE = "executor.json";
/** In the folder of a batch: what runs on this computer. */
const LOCAL_FOLDER = "local";

const SlurmOptionsSchema = z.strictObject({
  profile: z.string().optional(),
  account: z.string().optional(),
  partition: z.string().optional(),
  gpuPartition: z.string().optional(),
  qos: z.string().optional(),
  reservation: z.string().optional(),
  constraint: z.string().optional(),
});

const RememberedSchema = z.discriminatedUnion("executor", [
  z.strictObject({
    schemaVersion: z.literal(1),
    executor: z.literal("local"),
    options: z.strictObject({ processes: z.int().min(1).optional() }),
  }),
  z.strictObject({ schemaVersion: z.literal(1), executor: z.literal("slurm"), options: SlurmOptionsSchema }),
]);

/** Where a batch runs, without secrets. */
export type ExecutorFile = z.output<typeof RememberedSchema>;

/** An executor, and how it starts the command line. */
export interface OpenExecutor {
  readonly executor: Executor;
  /** The same, where it is a Slurm. */
  readonly slurm?: Slurm;
  /** Program and arguments. */
  readonly command: readonly [string, ...string[]];
}

const SLURM_OPTIONS = ["profile", "account", "partition", "qos", "reservation", "constraint"] as const;

/**
 * Where a batch is to run, by what was typed: Slurm with a profile or where there is an sbatch, else this computer.
 *
 * @throws `TWIN_USAGE` for options of the other; `TWIN_INVALID_PROFILE`, `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE` for a
 *   profile that cannot be used.
 */
export async function chosenExecutor(typed: ExecutorChoice, cwd: string): Promise<ExecutorFile> {
  const given = SLURM_OPTIONS.filter((name) => typed[name] !== undefined);
  const isSlurm =
    typed.executor === undefined
      ? given.length > 0 || (typed.processes === undefined && (await isOnPath("sbatch")))
      : typed.executor === "slurm";
  const [stray] = isSlurm ? (typed.processes === undefined ? [] : ["processes"]) : given;
  if (stray !== undefined) {
    throw new UsageError(
      `--${stray} is for ${isSlurm ? "--executor local" : "--executor slurm"}. Leave out one of the two.`,
    );
  }
  if (!isSlurm) return { schemaVersion: 1, executor: "local", options: optional({ processes: typed.processes }) };
  const options = slurmOptions(typed, cwd);
  if (options.profile !== undefined) {
    // A mistake in it is told before anything is sealed.
    const { loadProfile } = await import("../modules/slurm/index.ts");
    await loadProfile(options.profile);
  }
  return { schemaVersion: 1, executor: "slurm", options };
}

/** What is remembered, with what was typed over it. @throws `TWIN_USAGE` for another executor. */
export function changedExecutor(before: ExecutorFile, typed: ExecutorChoice, cwd: string): ExecutorFile {
  const strays = before.executor === "slurm" ? (["processes"] as const) : SLURM_OPTIONS;
  const stray = strays.find((name) => typed[name] !== undefined);
  if ((typed.executor ?? before.executor) !== before.executor || stray !== undefined) {
    const what = stray === undefined ? `--executor ${typed.executor}` : `--${stray}`;
    throw new UsageError(
      `The batch was submitted with --executor ${before.executor}, and stays there: ${what} is not for it. Submit another batch.`,
    );
  }
  if (before.executor === "local") {
    return { ...before, options: { ...before.options, ...optional({ processes: typed.processes }) } };
  }
  return { ...before, options: { ...before.options, ...slurmOptions(typed, cwd) } };
}

/** Writes down where a batch runs, durably. */
export async function rememberExecutor(folder: string, file: ExecutorFile): Promise<void> {
  await writeFileAtomically(join(folder, FILE), canonicalJson(file), { existing: "replace" });
}

/** Where a batch runs; `undefined` where it was sealed, and not submitted. @throws `TWIN_BATCH_DAMAGED`, `TWIN_READ_FAILED` */
export async function rememberedExecutor(folder: string): Promise<ExecutorFile | undefined> {
  const path = join(folder, FILE);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new ReadFailedError(path, `${(error as Error).message}.`, { cause: error });
  }
  const checked = checkSchema(RememberedSchema, jsonOf(text));
  if (checked.problems === undefined) return checked.value;
  const [first] = checked.problems;
  throw new BatchDamagedError(
    path,
    `does not say where the batch runs: ${first?.path.join(".") || "as a whole"}: ${first?.message}`,
    "Remove it, and say so again: twinloom jobs resume <batch> --executor …",
  );
}

/** Works with an executor. @param folder - Of the batch; absolute. */
export async function withExecutor<T>(
  { executor, options }: ExecutorFile,
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal },
  work: (open: OpenExecutor) => Promise<T>,
): Promise<T> {
  if (executor === "local") {
    const { local } = await import("../modules/local/index.ts");
    const where = local({ ...options, folder: join(folder, LOCAL_FOLDER) });
    return await withTwin(await createTwin({ plugins: { where }, signal }), (twin) =>
      work({ executor: twin.where, command: ownCommand() }),
    );
  }
  const { slurm } = await import("../modules/slurm/index.ts");
  return await withTwin(await createTwin({ plugins: { where: slurm(options) }, signal }), (twin) =>
    work({ executor: twin.where, slurm: twin.where, command: twin.where.command ?? ownCommand() }),
  );
}

/** Whether a program is found where `PATH` says. */
export async function isOnPath(program: string): Promise<boolean> {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const folder of folders) {
    try {
      await access(join(folder, program), constants.X_OK);
      return true;
    } catch {
      // Not there.
    }
  }
  return false;
}

function slurmOptions(typed: ExecutorChoice, cwd: string): z.output<typeof SlurmOptionsSchema> {
  const { profile, partition, account, qos, reservation, constraint } = typed;
  return optional({
    profile: profile === undefined ? undefined : profilePath(profile, cwd),
    // One that is typed is meant whatever the site's own one for GPUs is.
    ...{ account, partition, gpuPartition: partition, qos, reservation, constraint },
  });
}

/** A file by its absolute path, so that it is found from anywhere; the name of one that comes with Twinloom as it is. */
export function profilePath(profile: string, cwd: string): string {
  return /\/|\.(?:ya?ml|json)$/.test(profile) ? resolve(cwd, profile) : profile;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Without what is not given: `undefined` is no JSON. */
function optional<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
