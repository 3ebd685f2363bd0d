import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { type Adaptable, constant, createTwin, encodeEvent, Generator, takeEvents } from "../../core/index.ts";
import { hdf5 } from "../../modules/hdf5/index.ts";
import { mqttStream } from "../../modules/mqtt/index.ts";
import { adaptableDetector, calorimeter, loadTestBeam } from "../../thematic/detector/index.ts";
import { type Mosquitto, mosquittoMissing, programOf, startMosquitto } from "../servers/mosquitto.ts";
import type { BenchRow } from "./row.ts";

const EVENTS = 20_000;
/** Messages on their way, of either program. */
const WINDOW = 1000;
/** Each program drains so often, in turn. */
const ROUNDS = 5;
/** Rounds before, which do not count: they compile the code. */
const WARM_UP = 1;

/** Up to 40 GeV an event has 3 kB. */
const SCRIPT = `
schemaVersion: 1
source: testbeam/ecal
seed: 7
events: ${EVENTS}
eventsPerSecond: 2000
energyRangeMeV: [1000, 40000]
response: { thresholdMeV: 0.02 }
history: []
`;

type Features = Pick<Adaptable, "features">;

/** One number of an event: what is left is the intake itself. */
const cheap: Features = {
  features: (events) => ({
    count: events.length,
    values: Float64Array.from(events, ({ conditions }) => conditions["incident_energy"] as number),
    timesNs: BigInt64Array.from(events, ({ timeNs }) => timeNs),
  }),
};

/** What is asked of a generator before any shower is made. */
const generator: Generator = {
  model: "none",
  validity: {
    incident_energy: { unit: "GeV", min: 1, max: 100 },
    absorber_thickness: { unit: "mm", min: 1.2, max: 1.6, nominal: 1.4 },
  },
  outputs: { showers: { dtype: "float32", dims: ["layer", "alpha", "r"], shape: [45, 16, 9], unit: "MeV" } },
  generate: () => {
    throw new Error("Features need no showers of a generator.");
  },
};

/**
 * Events of a test beam from Mosquitto at QoS 1: read, told apart, their features durable in the journal, and only then
 * acknowledged; against `mosquitto_sub`, which drains the same messages with the same window and throws them away. The two
 * take turns. Higher ratios are better.
 */
export async function ingestBench(): Promise<BenchRow[]> {
  const missing = mosquittoMissing();
  if (missing !== undefined) throw new Error(`The benchmark ${missing}.`);
  const folder = await mkdtemp(join(tmpdir(), "twinloom-bench-"));
  try {
    const messages = await makeMessages(folder);
    await using broker = await startMosquitto([
      "allow_anonymous true",
      `max_inflight_messages ${WINDOW}`,
      "set_tcp_nodelay true",
    ]);
    await using detector = await createTwin({
      plugins: { generator: constant(Generator, generator), adaptable: adaptableDetector() },
    });
    const bytes = messages.reduce((sum, { length }) => sum + length, 0) / messages.length;
    const rows: BenchRow[] = [];
    for (const [name, adaptable] of [
      ["one feature", cheap],
      ["features and hit cells of a calorimeter", detector.adaptable],
    ] as const) {
      const [ours, theirs]: [number[], number[]] = [[], []];
      for (let round = -WARM_UP; round < ROUNDS; round++) {
        const topic = `ingest/${name.length}/${round + WARM_UP}`;
        const [our, their] = await drainBoth(broker, { topic, messages, adaptable, folder: join(folder, topic) });
        if (round < 0) continue;
        ours.push(our);
        theirs.push(their);
      }
      rows.push(rateRow(name, { ours, theirs, bytes }));
    }
    return rows;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function makeMessages(folder: string): Promise<readonly Uint8Array[]> {
  await using twin = await createTwin({ plugins: { files: hdf5(), detector: calorimeter() } });
  await using file = await twin.files.open("examples/data/showers-sample.h5");
  const showers = await twin.detector.showers(file);
  const script = join(folder, "beam.yaml");
  await writeFile(script, SCRIPT);
  const beam = await loadTestBeam(script, twin.detector.geometry);
  const messages: Uint8Array[] = [];
  for await (const event of beam.events([{ absorberMm: 1.4, showers }])) {
    messages.push(encodeEvent(event));
  }
  return messages;
}

/** Both get the same messages, which wait for them at the broker. @returns Events per second, of us and of them. */
async function drainBoth(
  broker: Mosquitto,
  {
    topic,
    messages,
    adaptable,
    folder,
  }: {
    readonly topic: string;
    readonly messages: readonly Uint8Array[];
    readonly adaptable: Features;
    readonly folder: string;
  },
): Promise<readonly [number, number]> {
  const events = mqttStream({ url: `mqtt://127.0.0.1:${broker.port}`, topic });
  await using twin = await createTwin({ plugins: { events } });
  await (await twin.events.subscribe({ name: "intake" }))[Symbol.asyncDispose]();
  const client = ["-p", `${broker.port}`, "-V", "5", "-c", "-x", "3600", "-i", `sub-${topic}`, "-q", "1", "-t", topic];
  await mosquittoSub([...client, "-E"]);
  for (let i = 0; i < messages.length; i += WINDOW) {
    await Promise.all(messages.slice(i, i + WINDOW).map((message) => twin.events.publish(message)));
  }

  const start = performance.now();
  const subscription = await twin.events.subscribe({ name: "intake", window: WINDOW });
  const taken = await takeEvents(subscription, {
    adaptable,
    folder,
    onProgress: ({ events: count, deadLetters }) => {
      if (count + deadLetters >= messages.length) void subscription[Symbol.asyncDispose]();
    },
  });
  const between = performance.now();
  if (taken.events !== messages.length) throw new Error(`${taken.events} events instead of ${messages.length}.`);
  await mosquittoSub([...client, "-D", "connect", "receive-maximum", `${WINDOW}`, "-C", `${messages.length}`]);
  const end = performance.now();
  return [(1000 * messages.length) / (between - start), (1000 * messages.length) / (end - between)];
}

async function mosquittoSub(options: readonly string[]): Promise<void> {
  const child = spawn(programOf("mosquitto_sub") as string, options, { stdio: ["ignore", "ignore", "inherit"] });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`mosquitto_sub ended with ${code}.`);
}

function rateRow(
  name: string,
  {
    ours,
    theirs,
    bytes,
  }: { readonly ours: readonly number[]; readonly theirs: readonly number[]; readonly bytes: number },
): BenchRow {
  const ratios = ours.map((rate, i) => rate / (theirs[i] as number)).sort((a, b) => a - b);
  return {
    name: `from Mosquitto to durable features: ${name}`,
    value: median(ours),
    unit: "events/s",
    peer: median(theirs),
    ratio: median(ratios),
    noise: `ratio ${ratios[0]?.toFixed(2)} to ${ratios.at(-1)?.toFixed(2)}`,
    note: `QoS 1, window ${WINDOW}, ${(bytes / 1000).toFixed(1)} kB an event; mosquitto_sub throws them away`,
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
