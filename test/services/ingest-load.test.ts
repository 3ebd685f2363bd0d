import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { featureWindows } from "../../core/index.ts";
import { type Flatness, flatness, processorSeconds, residentMegabytes } from "../bench/process-usage.ts";
import { mosquittoMissing, startMosquitto } from "../servers/mosquitto.ts";
import { FOLDER } from "../thematic/detector/adaptation/shower-features.ts";
import type { TimeQuantiles } from "./load-times.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const isLong = process.env["TWINLOOM_LONG"] === "1";
const RATE = 2000;
const SECONDS = isLong ? 600 : 10;
const EVENTS = RATE * SECONDS;
/** Full simulation; for a short time, and where that is not at hand, a sample of it. */
const SHOWERS =
  [join(FOLDER, "showers-test.h5")].find((file) => isLong && existsSync(file)) ??
  here("../../examples/data/showers-sample.h5");
const REFERENCE_EVENTS = isLong ? 20_000 : 4000;
const missing = mosquittoMissing();

/** What load-publisher.ts tells. */
interface PublisherTold {
  readonly events: number;
  readonly seconds: number;
  readonly late_ms: TimeQuantiles;
}

/** What load-worker.ts tells. */
interface WorkerTold {
  readonly events: number;
  readonly event_to_state_ms: TimeQuantiles;
  readonly event_to_decision_ms: TimeQuantiles;
}

interface ProcessUsage {
  /** Time that it had of processors, over the time of the clock. */
  readonly processors: number;
  readonly memory: Flatness;
}

describe.skipIf(missing !== undefined)(`${RATE} events/s${missing === undefined ? "" : ` (${missing})`}`, () => {
  it(
    `for ${SECONDS} s: each is in the state of a worker that decides meanwhile, once${isLong ? ", soon, in memory that stays flat" : ""}`,
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "twinloom-load-"));
      try {
        const { worker, publisher, processes } = await load(folder);
        const result = { rate: RATE, seconds: SECONDS, publisher, worker, processes };
        // For whoever looks at it: on a machine that does other things besides, times say little.
        process.stdout.write(`${JSON.stringify(result, undefined, 1)}\n`);
        expect(publisher).toMatchObject({ events: EVENTS });
        expect(worker).toMatchObject({ events: EVENTS, repeated: 0, dead_letters: 0, gaps: 0 });
        // What is durable is all of it, each once.
        let next = 0n;
        for await (const { rows } of featureWindows(join(folder, "features"), { windowNs: 1_000_000_000n })) {
          for (const sequence of rows.sequences) if (sequence === next) next++;
          expect(next).toBe((rows.sequences.at(-1) ?? 0n) + 1n);
        }
        expect(next).toBe(BigInt(EVENTS));
        if (!isLong) return;
        const measured = {
          date: new Date().toISOString().slice(0, 10),
          command: "npm run test:long -- test/services/ingest-load.test.ts",
          machine: { processor: cpus()[0]?.model, cores: cpus().length, node: process.version },
          result,
        };
        await writeFile(
          here("../../docs/measurements/ingest-long.json"),
          `${JSON.stringify(measured, undefined, 1)}\n`,
        );
        expect(worker.event_to_state_ms.p99).toBeLessThan(100);
        expect(processes.worker.memory.spread).toBeLessThanOrEqual(0.1);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    SECONDS * 1000 + 300_000,
  );
});

/** A broker, a worker and a publisher, until all has arrived. */
async function load(folder: string): Promise<{
  readonly publisher: PublisherTold;
  readonly worker: WorkerTold;
  readonly processes: Readonly<Record<"worker" | "publisher" | "broker", ProcessUsage>>;
}> {
  await using broker = await startMosquitto(["allow_anonymous true", "set_tcp_nodelay true"]);
  const stream = [`mqtt://127.0.0.1:${broker.port}`, "load"];
  await using worker = new Child("load-worker.ts", [...stream, folder, `${EVENTS}`, `${REFERENCE_EVENTS}`]);
  await worker.line();
  await using publisher = new Child("load-publisher.ts", [...stream, SHOWERS, folder, `${EVENTS}`, `${RATE}`]);
  await publisher.line();
  const pids = { worker: worker.pid, publisher: publisher.pid, broker: broker.pid as number };
  const watches = Object.entries(pids).map(([name, pid]) => [name, new Watch(pid)] as const);
  const timer = setInterval(() => {
    for (const [, watch] of watches) watch.look();
  }, 1000);
  const [published, taken] = await Promise.all([publisher.line().finally(() => clearInterval(timer)), worker.line()]);
  return {
    publisher: JSON.parse(published) as PublisherTold,
    worker: JSON.parse(taken) as WorkerTold,
    processes: Object.fromEntries(watches.map(([name, watch]) => [name, watch.told])) as Record<
      keyof typeof pids,
      ProcessUsage
    >,
  };
}

/** What a process uses, from now on. */
class Watch {
  readonly #pid: number;
  readonly #from: { readonly ms: number; readonly seconds: number };
  readonly #memory: number[] = [];
  #processors = Number.NaN;

  constructor(pid: number) {
    this.#pid = pid;
    this.#from = { ms: performance.now(), seconds: processorSeconds(pid) };
  }

  look(): void {
    this.#memory.push(residentMegabytes(this.#pid));
    const seconds = (performance.now() - this.#from.ms) / 1000;
    this.#processors = (processorSeconds(this.#pid) - this.#from.seconds) / seconds;
  }

  get told(): ProcessUsage {
    return { processors: Math.round(1000 * this.#processors) / 1000, memory: flatness(this.#memory) };
  }
}

/** A program beside this one, that tells lines. */
class Child implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(script: string, options: readonly string[]) {
    this.#process = spawn(process.execPath, ["--conditions=@twinloom/source", here(script), ...options], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#lines = createInterface(this.#process.stdout as NodeJS.ReadableStream)[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  /** The next one. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`The program ended (${this.#process.exitCode ?? this.#process.signalCode}).`);
    return value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exit;
  }
}
