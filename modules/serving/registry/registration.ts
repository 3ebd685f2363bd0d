import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

/** A server that can be found in a folder: what its file there says, without secrets. */
export interface ServerRegistration {
  readonly schemaVersion: 1;
  /** Name of its file, without `.json`. */
  readonly name: string;
  /** Where clients reach it: `"node-7:40123"`. */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** When it began to serve, ISO 8601, by its own clock. */
  readonly startedAt: string;
  /** Whether it encrypts. */
  readonly tls: boolean;
  /** Names of the models and generators that it serves. */
  readonly models: readonly string[];
  /** What it serves, where that is a version; else null. */
  readonly twin: { readonly name: string; readonly version: string } | null;
  /** How often it says that it is there, ms. */
  readonly heartbeatMs: number;
  /** Counts up with each time. Readers judge by its change, which they see themselves: clocks of nodes differ. */
  readonly beat: number;
  /** Time of the last one, ISO 8601, by its own clock: for people. */
  readonly beatAt: string;
}

const RegistrationSchema: z.ZodType<ServerRegistration> = z.strictObject({
  schemaVersion: z.literal(1),
  name: z.string().min(1),
  address: z.string().min(1),
  host: z.string().min(1),
  port: z.int().min(1).max(65_535),
  pid: z.int().min(1),
  startedAt: z.iso.datetime(),
  tls: z.boolean(),
  models: z.array(z.string()),
  twin: z.strictObject({ name: z.string(), version: z.string() }).nullable(),
  heartbeatMs: z.int().min(1),
  beat: z.int().min(0),
  beatAt: z.iso.datetime(),
});

/**
 * The registrations in a folder, by name. What is no registration is left out: one that was taken away while it was read, one
 * of a newer Twinloom, a file of somebody else.
 *
 * @throws The system's error where the folder cannot be read.
 */
export async function readRegistry(folder: string): Promise<readonly ServerRegistration[]> {
  const names = await listRegistry(folder);
  const read = await Promise.all(names.map((name) => readRegistration(folder, name)));
  return read.filter((registration) => registration !== undefined);
}

/** Names of the files in a folder that may be registrations, sorted. @throws The system's error. */
export async function listRegistry(folder: string): Promise<readonly string[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(ENDING) && !file.startsWith("."));
  return files.map((file) => file.slice(0, -ENDING.length)).sort();
}

/** One registration; `undefined` for what is none. */
export async function readRegistration(folder: string, name: string): Promise<ServerRegistration | undefined> {
  try {
    return RegistrationSchema.safeParse(JSON.parse(await readFile(join(folder, `${name}${ENDING}`), "utf8"))).data;
  } catch {
    return undefined;
  }
}

const ENDING = ".json";
