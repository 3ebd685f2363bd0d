// Started as a process of its own: takes events in, with a decider beside it, until so many are durable and decided on. Tells how long
// each was on its way.
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Worker } from "node:worker_threads";
import { createTwin, type StreamEvent, takeEvents } from "../../core/index.ts";
import { mqttStream } from "../../modules/mqtt/index.ts";
import type { DeciderTask, DeciderTold } from "./load-decider.ts";
import { machineMs, quantilesOf } from "./load-times.ts";
import { ganPlugins } from "./load-twin.ts";

const [url = "", topic = "", folder = "", count = "", reference = ""] = process.argv.slice(2);
const events = Number(count);
const referenceEvents = Number(reference);
const windowNs = 1_000_000_000n;
const templateShowers = referenceEvents < 20_000 ? 2000 : 8000;

// By sequence and by order of arrival. Their memory is there from the beginning, so that it does not grow.
const sentMs = new Float64Array(events).fill(Number.NaN);
const order = new Uint32Array(events).fill(events);
const toStateMs = new Float64Array(events).fill(Number.NaN);
const toDecisionMs = new Float64Array(events).fill(Number.NaN);
let arrived = 0;
let durable = 0;
let decidedOn = 0;
/** The newest window, and how many of its events have come. It never ends, as no event comes after it. */
let newest = -1n;
let inNewest = 0;

/** Notes when events were sent, in the order in which they come. */
function note(batch: readonly StreamEvent[]): void {
  for (const { sequence, timeNs, conditions } of batch) {
    const window = timeNs / windowNs;
    inNewest = window === newest ? inNewest + 1 : 1;
    newest = window;
    const place = Number(sequence);
    if (Number.isNaN(sentMs[place])) order[arrived++] = place;
    sentMs[place] = conditions["sent"] as number;
  }
}

await using twin = await createTwin({
  plugins: { stream: mqttStream({ url, topic }), ...ganPlugins(templateShowers) },
});
const { adaptable, stream } = twin;
const task: DeciderTask = { folder, windowNs, referenceEvents, templateShowers };
const decider = new Worker(new URL("./load-decider.ts", import.meta.url), { workerData: task });
const decisions = new Promise<Extract<DeciderTold, { decisions: unknown }>["decisions"]>((resolve, reject) => {
  decider.on("error", reject);
  decider.on("message", (told: DeciderTold) => {
    if ("decisions" in told) return resolve(told.decisions);
    // Of one source, events come in the order of their sequence.
    const now = machineMs();
    for (; decidedOn < told.decidedOn; decidedOn++) toDecisionMs[decidedOn] = now - (sentMs[decidedOn] as number);
  });
});
const subscription = await stream.subscribe({ name: "worker" });
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
process.stdout.write("listening\n");
const { repeated, deadLetters, sources, ...taken } = await takeEvents(subscription, {
  adaptable: {
    features: (batch) => {
      note(batch);
      return adaptable.features(batch);
    },
  },
  folder: join(folder, "features"),
  // Called when they are in the journal, on disk, counted, and acknowledged.
  onProgress: ({ events: known }) => {
    const now = machineMs();
    for (; durable < known; durable++) toStateMs[durable] = now - (sentMs[order[durable] as number] as number);
    if (known >= events) void subscription[Symbol.asyncDispose]();
  },
});
delay.disable();
const timer = setInterval(() => {
  if (decidedOn >= events - inNewest) decider.postMessage("end");
}, 50);
const made = await decisions;
clearInterval(timer);
const told = {
  ...{ ...taken, repeated, dead_letters: deadLetters, gaps: sources.flatMap(({ gaps }) => gaps).length },
  event_to_state_ms: quantilesOf(toStateMs),
  // Longest time for which the thread of the intake did nothing else.
  longest_turn_ms: Math.round(delay.max / 1e6),
  events_decided_on: decidedOn,
  event_to_decision_ms: quantilesOf(toDecisionMs.subarray(0, decidedOn)),
  decisions: made,
};
process.stdout.write(`${JSON.stringify(told)}\n`);
