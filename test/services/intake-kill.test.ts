import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type EventStream, encodeEvent, RandomStream, type StreamEvent, takeEvents } from "../../core/index.ts";
import { MemoryStream } from "../../modules/memory/index.ts";
import { RecordedStream, recordStream } from "../../modules/recording/index.ts";
import { adaptable, eventsOf, expectedRows, messagesOf, rowsIn, take } from "../core/streams/intake/sample.ts";
import { openStream } from "../modules/mqtt/shared.ts";
import { type Mosquitto, mosquittoMissing, startMosquitto } from "../servers/mosquitto.ts";

const RUNS = process.env["TWINLOOM_LONG"] === "1" ? 50 : 5;
const EVENTS = eventsOf(["a", "b"], 750);
const missing = mosquittoMissing();

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "twinloom-intake-kill-"));
});
afterEach(() => rm(root, { recursive: true }));

describe.skipIf(missing !== undefined)(`intake from Mosquitto${missing === undefined ? "" : ` (${missing})`}`, () => {
  it(`loses no event and counts none twice when workers are killed with -9, ${RUNS} times`, {
    timeout: RUNS * 60_000,
  }, async () => {
    await using broker = await startMosquitto();
    const url = `mqtt://127.0.0.1:${broker.port}`;
    await take(messagesOf(EVENTS), join(root, "uninterrupted"));
    const expected = await rowsIn(join(root, "uninterrupted"));
    await rm(join(root, "uninterrupted"), { recursive: true });
    expect(expected).toEqual(expectedRows(EVENTS));
    const random = new RandomStream({ seed: 20261122n, id: 0n });
    let unfinished = 0;
    for (let run = 0; run < RUNS; run++) {
      const topic = `intake/${run}`;
      await using open = await openStream({ url, topic });
      // Every other time two workers share the events.
      const names = run % 2 === 0 ? ["one"] : ["one", "two"];
      const folders = names.map((name) => join(root, `${run}`, name));
      const group = run % 2 === 0 ? [] : ["workers"];
      await using workers = new Workers(names.map((name, i) => [url, topic, name, folders[i] as string, ...group]));
      await workers.listen();
      const publishing = publish(open.stream, EVENTS);
      for (let kill = 0; kill < 3; kill++) {
        await workers.listen();
        await sleep(random.uniform() * 100);
        unfinished += (await rowsIn(folders)).length < EVENTS.length ? 1 : 0;
        await workers.killAndBegin(kill % names.length);
      }
      await publishing;
      await expect.poll(async () => (await rowsIn(folders)).length, { timeout: 40_000 }).toBe(EVENTS.length);
      expect(await rowsIn(folders), `run ${run}`).toEqual(expected);
    }
    // Some at least came while there was something to lose.
    expect(unfinished).toBeGreaterThan(RUNS);
  });

  it("knows every event that a broker killed with -9 has lost, and gets it from the publisher's recording", {
    timeout: 120_000,
  }, async () => {
    // What it wrote last is from some moment before.
    const lines = ["allow_anonymous true", "persistence true", "persistence_location {folder}/", "autosave_interval 1"];
    await using broker = await startMosquitto(lines);
    const url = `mqtt://127.0.0.1:${broker.port}`;
    const file = join(root, "publisher.twr");
    await recordMessages(EVENTS, file);
    const folder = join(root, "journal");
    await using open = await openStream({ url, topic: "t", reconnectMs: 30_000 });
    await using workers = new Workers([[url, "t", "worker", folder]]);
    await workers.listen();
    await publish(open.stream, EVENTS.slice(0, 400));
    await killBroker(broker);
    await publish(open.stream, EVENTS.slice(400, 800));
    // With nobody who listens, they wait at the broker, which has promised to keep them.
    await workers.kill(0);
    await publish(open.stream, EVENTS.slice(800, 1200));
    await killBroker(broker);
    await workers.begin(0);
    await workers.listen();
    await publish(open.stream, EVENTS.slice(1200));
    await expect.poll(() => newest(folder), { timeout: 30_000 }).toBe(749n);
    await workers.kill(0);

    const before = await take([], folder);
    const there = new Set((await rowsIn(folder)).map((row) => row.split(" ").slice(1, 3).join(" ")));
    const lost = EVENTS.map(({ source, sequence }) => `${source} ${sequence}`).filter((name) => !there.has(name));
    const told = before.sources.flatMap(({ source, gaps }) =>
      gaps.flatMap(({ from, to }) =>
        Array.from({ length: Number(to - from) + 1 }, (_, i) => `${source} ${Number(from) + i}`),
      ),
    );
    expect(lost.length).toBeGreaterThan(0);
    expect(told.sort()).toEqual(lost.sort());
    const recording = new RecordedStream(file);
    const taken = await takeEvents(await recording.subscribe(), { adaptable, folder });
    await recording.stop();
    expect(taken).toMatchObject({ events: lost.length, repeated: EVENTS.length - lost.length });
    expect(taken.sources.flatMap(({ gaps }) => gaps)).toEqual([]);
    expect(await rowsIn(folder)).toEqual(expectedRows(EVENTS));
  });
});

async function killBroker(broker: Mosquitto): Promise<void> {
  await broker.end("SIGKILL");
  await broker.begin();
}

/** The highest sequence that is there, of both sources the least. */
async function newest(folder: string): Promise<bigint> {
  const last = new Map<string, bigint>();
  for (const row of await rowsIn(folder)) {
    const [, source = "", sequence = ""] = row.split(" ");
    last.set(source, BigInt(sequence));
  }
  return [...last.values()].reduce((a, b) => (a < b ? a : b), 10_000n);
}

/** Publishes events some at a time, for a second or so. */
async function publish(stream: EventStream, events: readonly StreamEvent[]): Promise<void> {
  for (let i = 0; i < events.length; i += 20) {
    await Promise.all(events.slice(i, i + 20).map((event) => stream.publish(encodeEvent(event))));
    await sleep(10);
  }
}

async function recordMessages(events: readonly StreamEvent[], file: string): Promise<void> {
  const stream = new MemoryStream({ name: "publisher", roomBytes: 1 << 24, keepBytes: 0 });
  const subscription = await stream.subscribe();
  const recording = recordStream(subscription, file, {
    onProgress: ({ messages }) => void (messages === events.length && subscription[Symbol.asyncDispose]()),
  });
  for (const message of messagesOf(events)) await stream.publish(message);
  await recording;
}

/** Processes that take events in. */
class Workers implements AsyncDisposable {
  readonly #arguments: readonly (readonly string[])[];
  readonly #children: ChildProcess[] = [];
  readonly #listening: Promise<unknown>[] = [];

  constructor(workers: readonly (readonly string[])[]) {
    this.#arguments = workers;
    for (const index of workers.keys()) this.begin(index);
  }

  begin(index: number): void {
    const script = join(import.meta.dirname, "intake-worker.ts");
    const child = spawn(
      process.execPath,
      ["--conditions=@twinloom/source", script, ...(this.#arguments[index] as readonly string[])],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    this.#children[index] = child;
    this.#listening[index] = once(child.stdout as never, "data");
    child.stdout?.resume();
  }

  /** Until all listen. */
  async listen(): Promise<void> {
    await Promise.all(this.#listening);
  }

  async kill(index: number): Promise<void> {
    const child = this.#children[index] as ChildProcess;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  }

  async killAndBegin(index: number): Promise<void> {
    await this.kill(index);
    this.begin(index);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const index of this.#children.keys()) await this.kill(index);
  }
}
