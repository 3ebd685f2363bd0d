// Started as a process of its own: publishes events of a test beam at a rate, each with the time at which it was handed to the stream,
// and tells how late it was itself.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sendPaced } from "../../cli/send-paced.ts";
import { createTwin, encodeEvent } from "../../core/index.ts";
import { hdf5 } from "../../modules/hdf5/index.ts";
import { mqttStream } from "../../modules/mqtt/index.ts";
import { calorimeter, loadTestBeam } from "../../thematic/detector/index.ts";
import { machineMs, quantilesOf } from "./load-times.ts";

const [url = "", topic = "", showersFile = "", folder = "", count = "", rate = ""] = process.argv.slice(2);
const events = Number(count);
const perSecond = Number(rate);

await using twin = await createTwin({
  plugins: { files: hdf5(), detector: calorimeter(), stream: mqttStream({ url, topic }) },
});
await using file = await twin.files.open(showersFile);
const showers = await twin.detector.showers(file);
const script = join(folder, "beam.yaml");
// Up to 40 GeV an event has 3 kB. There is something to decide about on the way, too.
await writeFile(
  script,
  `
schemaVersion: 1
source: testbeam/ecal
seed: 7
events: ${events}
eventsPerSecond: ${perSecond}
energyRangeMeV: [1000, 40000]
response: { thresholdMeV: 0.02 }
history:
  - { change: gain-step, at: { event: ${Math.floor(0.4 * events)} }, layers: [7], factor: 0.95 }
`,
);
const beam = await loadTestBeam(script, twin.detector.geometry);
const late = new Float64Array(events);
process.stdout.write("ready\n");
let startMs: number | undefined;
let bytes = 0;
const { arrived } = await sendPaced(
  beam.events([{ absorberMm: 1.4, showers }]),
  async (event) => {
    const sentMs = machineMs();
    startMs ??= sentMs;
    late[Number(event.sequence)] = sentMs - startMs - (1000 * Number(event.sequence)) / perSecond;
    const payload = encodeEvent({ ...event, conditions: { ...event.conditions, sent: sentMs } });
    bytes += payload.length;
    await twin.stream.publish(payload);
  },
  { perSecond, signal: new AbortController().signal },
);
const seconds = (machineMs() - (startMs ?? 0)) / 1000;
const told = {
  events: arrived,
  seconds: Math.round(10 * seconds) / 10,
  events_per_second: Math.round(arrived / seconds),
  bytes_per_event: Math.round(bytes / arrived),
};
process.stdout.write(`${JSON.stringify({ ...told, late_ms: quantilesOf(late) })}\n`);
