import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "./free-port.ts";

/** Distributions put the broker where only root looks for programs. */
const FOLDERS = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
const PROGRAMS = ["mosquitto", "mosquitto_pub", "mosquitto_sub", "mosquitto_passwd"];

/** Why Mosquitto cannot be started here; `undefined` when it can, or when it must. */
export function mosquittoMissing(): string | undefined {
  const missing = PROGRAMS.filter((name) => programOf(name) === undefined);
  if (process.env["TWINLOOM_REQUIRE_SERVICES"] === "1" || missing.length === 0) return undefined;
  return `needs ${missing.join(", ")} (packages mosquitto and mosquitto-clients)`;
}

/** Path of one of Mosquitto's programs. */
export function programOf(name: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** A Mosquitto of this machine, which may be ended and begun again at the same port. */
export interface Mosquitto extends AsyncDisposable {
  readonly port: number;
  /** Of the process, while there is one. */
  readonly pid: number | undefined;
  /** What it wrote since it was first started. */
  readonly log: readonly string[];
  /** Folder of its files. */
  readonly folder: string;
  /** Ends it: `"SIGTERM"` lets it store what it keeps, `"SIGKILL"` does not. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  begin(): Promise<void>;
}

/**
 * Starts Mosquitto on a free port of this machine. What subscribers are behind is not bounded.
 *
 * @param lines - Further lines of its configuration; `{folder}` stands for a folder of its own.
 */
export async function startMosquitto(lines: readonly string[] = ["allow_anonymous true"]): Promise<Mosquitto> {
  const program = programOf("mosquitto");
  if (program === undefined) throw new Error("There is no program mosquitto.");
  const folder = await mkdtemp(join(tmpdir(), "twinloom-mosquitto-"));
  const port = await freePort();
  const log: string[] = [];
  const file = join(folder, "mosquitto.conf");
  // As root it would become a user who may not write here.
  const own = ["user root", "max_queued_messages 0", "log_type all", "log_dest stderr", `listener ${port} 127.0.0.1`];
  await writeFile(file, [...own, ...lines.map((line) => line.replaceAll("{folder}", folder))].join("\n"));
  let child: ChildProcess | undefined;
  const begin = async (): Promise<void> => {
    const started = spawn(program, ["-c", file], { stdio: ["ignore", "ignore", "pipe"] });
    child = started;
    await new Promise<void>((resolve, reject) => {
      const told = createInterface(started.stderr);
      told.on("line", (line) => {
        log.push(line);
        if (/ running$/.test(line)) resolve();
      });
      told.once("close", () => reject(new Error(`Mosquitto does not start:\n${log.join("\n")}`)));
    });
  };
  const end = async (signal: "SIGTERM" | "SIGKILL"): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
  };
  await begin();
  return {
    port,
    get pid(): number | undefined {
      return child?.pid;
    },
    log,
    folder,
    begin,
    end,
    [Symbol.asyncDispose]: async () => {
      await end("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    },
  };
}
