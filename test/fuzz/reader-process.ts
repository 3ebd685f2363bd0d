import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Outcome } from "./outcome.ts";
import type { Format } from "./seeds.ts";

/** What became of a file in a reader's process. */
export interface Reading {
  readonly outcome: Outcome;
  readonly ms: number;
  /** Most memory that the process had meanwhile; `NaN` where the system does not tell. */
  readonly megabytes: number;
}

/** After a file that took more than this, the next one gets a process of its own, whose memory is not the last one's. */
const FRESH_ABOVE_MEGABYTES = 300;

/** A process that reads files one after another; started anew when it died, hung, took much memory, or has read many. */
export class ReaderProcess {
  readonly #command: readonly string[];
  readonly #limitMs: number;
  readonly #restartAfter: number;
  #process: ChildProcess | undefined;
  #answer: ((line: string | undefined) => void) | undefined;
  #read = 0;

  constructor(command: readonly string[], options: { readonly limitMs: number; readonly restartAfter: number }) {
    this.#command = command;
    this.#limitMs = options.limitMs;
    this.#restartAfter = options.restartAfter;
  }

  async read(format: Format, location: string): Promise<Reading> {
    if (this.#read++ % this.#restartAfter === 0) this.stop();
    const process = await this.#running();
    const begun = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const line = await new Promise<string | undefined | "hung">((resolve) => {
      this.#answer = resolve;
      timer = setTimeout(() => resolve("hung"), this.#limitMs);
      process.stdin?.write(`${JSON.stringify({ format, location })}\n`);
    });
    clearTimeout(timer);
    const ms = performance.now() - begun;
    const megabytes = peakMegabytes(process.pid);
    if (megabytes > FRESH_ABOVE_MEGABYTES) this.stop();
    if (line !== undefined && line !== "hung") return { outcome: JSON.parse(line), ms, megabytes };
    this.stop();
    const fault = line === "hung" ? `no answer within ${this.#limitMs} ms` : "the process died";
    return { outcome: { fault }, ms, megabytes };
  }

  stop(): void {
    this.#process?.kill("SIGKILL");
    this.#process = undefined;
  }

  /** Its first line says that it is ready: starting is not the file's time. */
  async #running(): Promise<ChildProcess> {
    if (this.#process) return this.#process;
    const [program = "", ...options] = this.#command;
    const process = spawn(program, options, { stdio: ["pipe", "pipe", "ignore"] });
    this.#process = process;
    if (process.stdout) {
      createInterface({ input: process.stdout }).on("line", (line) => {
        if (this.#process === process) this.#answer?.(line);
      });
    }
    process.stdin?.on("error", () => undefined);
    process.on("exit", () => {
      if (this.#process !== process) return;
      this.#process = undefined;
      this.#answer?.(undefined);
    });
    await new Promise<string | undefined>((resolve) => {
      this.#answer = resolve;
    });
    return process;
  }
}

function peakMegabytes(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? Number.NaN) / 1000;
  } catch {
    return Number.NaN;
  }
}
