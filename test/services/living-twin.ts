// A living twin as it runs: workers and a decider that are processes, each of which may be killed and begun again.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type FeatureWindow, featureWindows, openStore, readJournal } from "../../core/index.ts";
import { type RecordedDecision, readDecisions } from "../../modules/adaptation/index.ts";
import { rowsOf } from "../core/streams/intake/sample.ts";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
/** Where the plugin of {@link makeTwin} is, for the environment. */
export const twinPlugin: string = new URL("living-plugin.ts", import.meta.url).href;
export const SETTINGS: readonly string[] = [
  ...["--reference-events", "1500", "--window-events", "500", "--accept-interval", "0", "--window-s", "0.1", "--json"],
];
const SOURCES = ["--source", "left", "--source", "right"];
const DECISIONS = ["--folder", "decider", "--alias", "champion", ...SOURCES, ...SETTINGS];

/** Makes a folder with a twin.yaml of the synthetic twin. */
export async function makeTwin(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  // A version keeps the code that a plugin imports by name, and of a test that would be all of Twinloom.
  const factory = 'const { syntheticPlugin } = await import(String(process.env["TWINLOOM_TEST_PLUGIN"]));\n';
  await writeFile(
    join(folder, "plugin.ts"),
    `${factory}export const synthetic = syntheticPlugin(\`\${import.meta.url}#synthetic\`);\n`,
  );
  await writeFile(join(folder, "ecal.yaml"), 'twin: ecal\nplugins:\n  adaptable: { use: "./plugin.ts#synthetic" }\n');
}

/** A `twinloom` that may be killed and begun again. */
export class Process implements AsyncDisposable {
  /** What it wrote to standard error, in all its lives. */
  readonly warned: string[] = [];
  readonly #arguments: readonly string[];
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #stdout = "";
  #ready: Promise<unknown> = Promise.resolve();

  constructor(folder: string, args: readonly string[]) {
    this.#folder = folder;
    this.#arguments = args;
  }

  /** A worker that takes the events of a topic. */
  static worker(folder: string, address: string, name: string, group?: string): Process {
    const shared = group === undefined ? [] : ["--group", group];
    const from = ["--from", address, "--name", name, ...shared, "--reconnect-ms", "60000"];
    return new Process(folder, ["stream", "take", "ecal.yaml", ...from, "--folder", name]);
  }

  /** A decider on what workers took, which seals what it decides. */
  static decider(folder: string, workers: readonly string[], more: readonly string[] = []): Process {
    const features = workers.flatMap((name) => ["--features", name]);
    return new Process(folder, ["adapt", "ecal.yaml", ...features, ...DECISIONS, ...more]);
  }

  /** A worker that decides, too. */
  static both(folder: string, address: string, more: readonly string[] = []): Process {
    const from = ["--from", address, "--name", "both", "--reconnect-ms", "60000"];
    return new Process(folder, ["adapt", "ecal.yaml", ...from, ...DECISIONS, ...more]);
  }

  begin(): this {
    const child = spawn(process.execPath, ["--conditions=@twinloom/source", MAIN, ...this.#arguments], {
      cwd: this.#folder,
      env: { ...process.env, TWINLOOM_TEST_PLUGIN: twinPlugin },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
    });
    createInterface(child.stderr).on("line", (line) => void this.warned.push(line));
    this.#ready = Promise.race([once(child.stdout, "data"), once(child, "close")]);
    this.#child = child;
    return this;
  }

  /** Until it says that it listens. @throws when it ended instead */
  async ready(): Promise<void> {
    await this.#ready;
    this.check();
  }

  /** @throws when it has ended by itself */
  check(): void {
    const { exitCode } = this.#child as ChildProcess;
    if (exitCode !== null)
      throw new Error(`twinloom ${this.#arguments.join(" ")}: ${exitCode}: ${this.warned.join("\n")}`);
  }

  async kill(): Promise<void> {
    await this.end("SIGKILL");
  }

  /** Ends it, or waits for its end. @returns What it printed in its last life. */
  async end(signal?: NodeJS.Signals): Promise<{ readonly code: number | null; readonly stdout: string }> {
    const child = this.#child as ChildProcess;
    if (child.exitCode === null && child.signalCode === null) {
      const close = once(child, "close");
      if (signal) child.kill(signal);
      await close;
    }
    return { code: child.exitCode, stdout: this.#stdout };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child) await this.kill();
  }
}

/** All that a twin has become. */
export interface FinalState {
  /** Each event with its features, bit for bit. */
  readonly rows: readonly string[];
  readonly decisions: readonly RecordedDecision[];
  /** Digest of the version that the alias is on: it names all versions before it, and the conditions. */
  readonly champion: string;
  /** Names and digests of all versions, with how often each was attested. */
  readonly versions: readonly string[];
  /** What the decider says when it is interrupted: events, phase, conditions that have moved, digest of all decisions. */
  readonly told: unknown;
}

/** Of a twin all of whose events are in windows: once so many were decided on. */
export async function finalState(
  folder: string,
  workers: readonly string[],
  { decider, events }: { readonly decider: Process; readonly events: number },
): Promise<FinalState> {
  const told = await interrupted(decider, events);
  const rows: string[] = [];
  for await (const window of windowsOf(folder, workers)) rows.push(...rowsOf(window));
  await using store = await openStore(join(folder, ".twinloom"));
  const { versions, attestations } = await store.log("ecal").read();
  return {
    rows,
    decisions: await readDecisions(join(folder, "decider", "decisions")),
    champion: (await store.resolve("ecal@champion")).digest,
    versions: [...versions.keys()].map((digest) => `${digest} ${attestations.get(digest)?.length ?? 0}`),
    told,
  };
}

/** Interrupts a decider when it has decided on so many events; it may have begun a moment ago. */
async function interrupted(decider: Process, events: number): Promise<unknown> {
  for (let attempt = 0; ; attempt++) {
    await sleep(100 * 4 ** attempt);
    const { code, stdout } = await decider.end("SIGINT");
    const last = stdout.trimEnd().split("\n").at(-1);
    const { folder: _, ...told } = JSON.parse(code === 0 && last ? last : "{}");
    if (told.events === events) return told;
    if (attempt === 4) throw new Error(`It decided on ${told.events} events: ${decider.warned.join("\n")}`);
    decider.begin();
  }
}

export function windowsOf(folder: string, workers: readonly string[]): AsyncIterable<FeatureWindow> {
  return featureWindows(
    workers.map((name) => join(folder, name)),
    { windowNs: 100_000_000n },
  );
}

/** Where the last window starts that is in the decider's log [ns]; `undefined` before there is one. */
export async function lastWindow(folder: string): Promise<bigint | undefined> {
  let last: bigint | undefined;
  try {
    const path = join(folder, "decider", "decisions", "windows.journal");
    for await (const bytes of readJournal(path, { kind: "twinloom.windows.v1" })) {
      last = BigInt(JSON.parse(new TextDecoder().decode(bytes)).startNs);
    }
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== "TWIN_FILE_NOT_FOUND") throw error;
  }
  return last;
}

export async function countOf(folder: string, workers: readonly string[]): Promise<number> {
  let count = 0;
  for await (const { rows } of windowsOf(folder, workers)) count += rows.count;
  return count;
}
