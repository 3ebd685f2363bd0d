import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EventStream, encodeEvent, RandomStream, type StreamEvent } from "../../core/index.ts";
import { MemoryStream } from "../../modules/memory/index.ts";
import { recordStream } from "../../modules/recording/index.ts";
import { DECIDED_ON, LAST_WINDOW_NS, life } from "../modules/adaptation/decider/life.ts";
import { openStream } from "../modules/mqtt/shared.ts";
import { type Mosquitto, mosquittoMissing, startMosquitto } from "../servers/mosquitto.ts";
import {
  countOf,
  type FinalState,
  finalState,
  lastWindow,
  makeTwin,
  Process,
  SETTINGS,
  windowsOf,
} from "./living-twin.ts";

const IS_LONG = process.env["TWINLOOM_LONG"] === "1";
const RUNS = IS_LONG ? 50 : 1;
/** More than a life has: no gap is given up. */
const PATIENT = ["--patience", "100"];
const KINDS = [
  "referred",
  "alarmed",
  "proposed",
  "accepted",
  "referred",
  "alarmed",
  "proposed",
  "accepted",
  "rolled-back",
];
const EVENTS = life();
const MESSAGES = EVENTS.map(encodeEvent);
const missing = mosquittoMissing();
const measured: Record<string, object> = {};
const random = new RandomStream({ seed: 20_261_122n, id: 3n });

let root: string;
let recording: string;
/** What a twin becomes whom nobody disturbs. */
let undisturbed: FinalState;

describe.skipIf(missing !== undefined)(`a living twin${missing === undefined ? "" : ` (${missing})`}`, () => {
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "twinloom-living-"));
    recording = join(root, "publisher.twr");
    await record(MESSAGES, recording);
    await using broker = await startMosquitto();
    undisturbed = await live({ folder: join(root, "undisturbed"), broker, workers: ["one"] });
    expect(undisturbed.rows).toHaveLength(EVENTS.length);
    expect(undisturbed.decisions.map(({ decision }) => decision.kind)).toEqual(KINDS);
    expect(undisturbed.told).toMatchObject({ events: DECIDED_ON, accepted: 2, rolledBack: 1 });
    expect(undisturbed.versions).toHaveLength(3);
  }, 120_000);
  afterAll(async () => {
    await rm(root, { recursive: true });
    if (IS_LONG) await keep(measured);
  });

  it(`is the same, bit for bit, when workers and deciders are killed with -9, ${RUNS} times`, {
    timeout: RUNS * 120_000,
  }, async () => {
    await using broker = await startMosquitto();
    let [kills, unfinished] = [0, 0];
    for (let run = 0; run < RUNS; run++) {
      // One process that does both; one worker and a decider; two, three workers that share the events.
      const workers = [[], ["one"], ["one", "two"], ["one", "two", "three"]][(run + 2) % 4] as readonly string[];
      const folder = join(root, `worker-${run}`);
      const disturb = async (processes: readonly Process[], features: readonly string[]): Promise<void> => {
        for (let kill = 0; kill < 4; kill++) {
          await sleep(200 + random.uniform() * 1300);
          const killed = processes[Math.floor(random.uniform() * processes.length)] as Process;
          await killed.kill();
          kills++;
          if ((await countOf(folder, features)) < EVENTS.length) unfinished++;
          killed.begin();
        }
      };
      expect(await live({ folder, broker, workers, disturb }), `run ${run}`).toEqual(undisturbed);
      await rm(folder, { recursive: true });
    }
    // Most at least came while there was something to lose.
    expect(unfinished).toBeGreaterThan(RUNS);
    measured["workerKills"] = {
      runs: RUNS,
      kills,
      whileEventsCame: unfinished,
      lost: 0,
      twice: 0,
      statesThatDiffer: 0,
    };
  });

  it(`knows what brokers killed with -9 have lost, ${RUNS} times, and is the same, bit for bit, when a recording has filled it`, {
    timeout: RUNS * 120_000,
  }, async () => {
    let [lost, runsThatLost] = [0, 0];
    for (let run = 0; run < RUNS; run++) {
      const folder = join(root, `broker-${run}`);
      const { missing: gone, state } = await loseAndFill(folder);
      lost += gone;
      runsThatLost += gone > 0 ? 1 : 0;
      expect(state, `run ${run}`).toEqual(undisturbed);
      await rm(folder, { recursive: true });
    }
    expect(lost).toBeGreaterThan(0);
    measured["brokerKills"] = { runs: RUNS, runsThatLost, eventsLost: lost, notTold: 0, statesThatDiffer: 0 };
  });

  it("decides without what it has waited for in vain, tells it, stands by it; and decides anew on all there is", {
    timeout: 120_000,
  }, async () => {
    const folder = join(root, "impatient");
    await makeTwin(folder);
    await using broker = await startMosquitto();
    const address = `mqtt://127.0.0.1:${broker.port}/t`;
    await using open = await openStream({ url: `mqtt://127.0.0.1:${broker.port}`, topic: "t" });
    await using worker = Process.worker(folder, address, "one").begin();
    await using decider = Process.decider(folder, ["one"], ["--patience", "1"]).begin();
    await worker.ready();
    const isGone = ({ source, sequence }: StreamEvent): boolean =>
      source === "left" && sequence >= 1200n && sequence < 1230n;
    await publish(open.stream, EVENTS.filter((event) => !isGone(event)).map(encodeEvent));
    await decidedOnAll(folder, decider);
    await worker.end("SIGINT");
    expect(worker.warned).toContain("left: events 1200 to 1229 are missing");
    expect(decider.warned).toContain("left: events 1200 to 1229 are missing and waited for no longer");
    await fill(folder);
    await expect
      .poll(() => decider.warned, { timeout: 20_000 })
      .toContain("left: event 1229 came too late to be decided on");
    await decider.kill();
    // It stands by what it decided, whatever has come since.
    decider.begin();
    const state = await finalState(folder, ["one"], { decider, events: DECIDED_ON - 30 });
    expect(state.rows).toEqual(undisturbed.rows);
    expect(state.decisions).not.toEqual(undisturbed.decisions);
    const anew = new Process(folder, [
      "adapt",
      "ecal.yaml",
      "--features",
      "one",
      "--end",
      "--folder",
      "anew",
      ...SETTINGS,
    ]);
    const { stdout } = await anew.begin().end();
    expect(JSON.parse(stdout.trimEnd().split("\n").at(-1) as string)).toMatchObject({ events: EVENTS.length });
    expect(stdout).toContain((undisturbed.told as { readonly digest: string }).digest);
  });

  it("has one decider, and the next goes on when that is killed", { timeout: 120_000 }, async () => {
    const folder = join(root, "lease");
    await makeTwin(folder);
    const fillOne = new Process(folder, [
      "stream",
      "take",
      "ecal.yaml",
      "--from",
      recording,
      "--folder",
      "one",
    ]).begin();
    expect(await fillOne.end()).toMatchObject({ code: 0 });
    await using first = Process.decider(folder, ["one"], PATIENT).begin();
    await until(async () => (await lastWindow(folder)) !== undefined);
    await using second = Process.decider(folder, ["one"], PATIENT).begin();
    expect((await second.end()).code).toBe(1);
    expect(second.warned.join()).toContain("TWIN_FILE_LOCKED");
    await first.kill();
    second.begin();
    await decidedOnAll(folder, second);
    expect(await finalState(folder, ["one"], { decider: second, events: DECIDED_ON })).toEqual(undisturbed);
  });
});

interface Life {
  readonly folder: string;
  readonly broker: Mosquitto;
  /** None where the decider takes the events itself. */
  readonly workers: readonly string[];
  readonly disturb?: (processes: readonly Process[], features: readonly string[]) => Promise<void>;
}

/** Publishes all events to a twin, disturbs it, and waits until it has decided on all of them. */
async function live({ folder, broker, workers, disturb }: Life): Promise<FinalState> {
  await makeTwin(folder);
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const topic = `life/${folder.split("/").at(-1)}`;
  const [address, group] = [`${url}/${topic}`, workers.length > 1 ? "workers" : undefined];
  await using open = await openStream({ url, topic });
  await using processes = new AsyncDisposableStack();
  const taking = workers.map((name) => processes.use(Process.worker(folder, address, name, group).begin()));
  const features = workers.length === 0 ? ["decider/features"] : workers;
  const decider =
    workers.length === 0 ? Process.both(folder, address, PATIENT) : Process.decider(folder, workers, PATIENT);
  processes.use(decider.begin());
  await Promise.all(taking.map((worker) => worker.ready()));
  // It prints nothing before its first decision.
  if (workers.length === 0) await until(() => isListening(broker, topic), [decider]);
  const publishing = publish(open.stream, MESSAGES);
  await disturb?.([...taking, decider], features);
  await publishing;
  await until(async () => (await countOf(folder, features)) === EVENTS.length, [...taking, decider]);
  await decidedOnAll(folder, decider);
  return await finalState(folder, features, { decider, events: DECIDED_ON });
}

/** Kills the worker, and the broker a while after that, which loses what it had not written down; then fills it. */
async function loseAndFill(folder: string): Promise<{ readonly missing: number; readonly state: FinalState }> {
  await makeTwin(folder);
  const lines = ["allow_anonymous true", "persistence true", "persistence_location {folder}/", "autosave_interval 1"];
  await using broker = await startMosquitto(lines);
  const url = `mqtt://127.0.0.1:${broker.port}`;
  await using open = await openStream({ url, topic: "t", reconnectMs: 60_000 });
  await using worker = Process.worker(folder, `${url}/t`, "one").begin();
  await using decider = Process.decider(folder, ["one"], PATIENT).begin();
  await worker.ready();
  const publishing = publish(open.stream, MESSAGES.slice(0, -1000), 40);
  for (let kill = 0; kill < 2; kill++) {
    await sleep(random.uniform() * 600);
    await worker.kill();
    await sleep(random.uniform() * 600);
    await broker.end("SIGKILL");
    await broker.begin();
    worker.begin();
    if (kill === 0) await decider.kill().then(() => decider.begin());
    await worker.ready();
  }
  await publishing;
  // What comes last is not lost: it shows what is missing before it.
  await publish(open.stream, MESSAGES.slice(-1000));
  const newest = EVENTS.at(-1) as StreamEvent;
  const isThere = async (): Promise<boolean> => (await namesIn(folder)).has(nameOf(newest));
  await until(isThere, [worker, decider]);
  const { code } = await worker.end("SIGINT");
  expect(code, worker.warned.join("\n")).toBe(0);
  const there = await namesIn(folder);
  const lost = EVENTS.map(nameOf).filter((name) => !there.has(name));
  // Of its last life, after which nothing came.
  const told = worker.warned.flatMap((line) => {
    const [, source, from, to] = /^(\w+): events (\d+) to (\d+) are missing$/.exec(line) ?? [];
    return source === undefined
      ? []
      : Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) => `${source} ${Number(from) + i}`);
  });
  expect(told.toSorted()).toEqual(lost.toSorted());
  await fill(folder);
  await decidedOnAll(folder, decider);
  return { missing: lost.length, state: await finalState(folder, ["one"], { decider, events: DECIDED_ON }) };
}

/** Takes in the publisher's recording: what is there counts no more. */
async function fill(folder: string): Promise<void> {
  const filling = new Process(folder, ["stream", "take", "ecal.yaml", "--from", recording, "--folder", "one"]).begin();
  const { code } = await filling.end();
  expect(code, filling.warned.join("\n")).toBe(0);
  expect(await countOf(folder, ["one"])).toBe(EVENTS.length);
}

/** Waits while processes live. */
async function until(isSo: () => boolean | Promise<boolean>, processes: readonly Process[] = []): Promise<void> {
  const endMs = performance.now() + 60_000;
  while (!(await isSo())) {
    for (const process of processes) process.check();
    if (performance.now() > endMs)
      throw new Error(`Waited in vain: ${processes.map(({ warned }) => warned.join("\n"))}`);
    await sleep(150);
  }
}

async function decidedOnAll(folder: string, decider: Process): Promise<void> {
  await until(async () => (await lastWindow(folder)) === LAST_WINDOW_NS, [decider]);
}

async function namesIn(folder: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for await (const { rows } of windowsOf(folder, ["one"])) {
    rows.sources.forEach((source, row) => void names.add(`${source} ${rows.sequences[row]}`));
  }
  return names;
}

function nameOf({ source, sequence }: StreamEvent): string {
  return `${source} ${sequence}`;
}

function isListening({ log }: Mosquitto, topic: string): boolean {
  return log.some((line) => line.includes(`${topic} (QoS 1)`));
}

/** Publishes for some seconds. */
async function publish(stream: EventStream, messages: readonly Uint8Array[], pauseMs: number = 20): Promise<void> {
  for (let i = 0; i < messages.length; i += 100) {
    await Promise.all(messages.slice(i, i + 100).map((message) => stream.publish(message)));
    await sleep(pauseMs);
  }
}

async function record(messages: readonly Uint8Array[], file: string): Promise<void> {
  const stream = new MemoryStream({ name: "publisher", roomBytes: 1 << 26, keepBytes: 0 });
  const subscription = await stream.subscribe();
  const recorded = recordStream(subscription, file, {
    onProgress: ({ messages: count }) => void (count === messages.length && subscription[Symbol.asyncDispose]()),
  });
  for (const message of messages) await stream.publish(message);
  await recorded;
}

/** Writes down what was measured, beside what was before. */
async function keep(figures: Readonly<Record<string, object>>): Promise<void> {
  const file = new URL("../../docs/measurements/living-twin-faults.json", import.meta.url);
  const before = JSON.parse(await readFile(file, "utf8").catch(() => "{}"));
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.versions.node}`;
  const date = new Date().toISOString().slice(0, 10);
  const dated = Object.entries(figures).map(([name, own]) => [name, { date, machine, events: EVENTS.length, ...own }]);
  await writeFile(file, `${JSON.stringify({ ...before, ...Object.fromEntries(dated) }, undefined, 2)}\n`);
}
