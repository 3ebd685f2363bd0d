// Started as a process of its own, to be killed: takes events in from a broker, and says how many are durable.
import { createTwin, takeEvents } from "../../core/index.ts";
import { mqttStream } from "../../modules/mqtt/index.ts";
import { adaptable } from "../core/streams/intake/sample.ts";

const [url = "", topic = "", name = "", folder = "", group] = process.argv.slice(2);
await using twin = await createTwin({ plugins: { events: mqttStream({ url, topic, reconnectMs: 20_000 }) } });
const subscription = await twin.events.subscribe({ name, group, window: 100 });
process.stdout.write("listening\n");
await takeEvents(subscription, {
  adaptable,
  folder,
  shared: group !== undefined,
  batchEvents: 16,
  segmentBytes: 20_000,
  onProgress: ({ events }) => void process.stdout.write(`${events}\n`),
});
