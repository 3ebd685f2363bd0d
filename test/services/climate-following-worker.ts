// Started as a process of its own, to be killed: a climate twin that follows stations by MQTT, and tells each analysis on a line.
import { setTimeout as sleep } from "node:timers/promises";
import { artifact, createTwin } from "../../core/index.ts";
import { mqttStream } from "../../modules/mqtt/index.ts";
import { climateEmulator, follow, type Station } from "../../thematic/climate/index.ts";

const [url = "", topic = "", model = "", stations = "", folder = "", last = ""] = process.argv.slice(2);
await using twin = await createTwin({
  plugins: {
    climate: climateEmulator({ model: artifact(model), stations: JSON.parse(stations) as Station[] }),
    stream: mqttStream({ url, topic, reconnectMs: 10_000 }),
  },
});
const subscription = await twin.stream.subscribe({ name: "climate twin" });
process.stdout.write("listening\n");
const { emulator, stations: network, shift } = twin.climate;
const counts = await follow(subscription, {
  ...{ emulator, stations: network, shift, folder, seed: 11n, members: 30, leads: 2 },
  onAnalysis: async ({ step, mean }, forecast) => {
    process.stdout.write(`${JSON.stringify({ step, mean: [...mean], next: [...(forecast?.mean ?? [])] })}\n`);
    await sleep(5);
    // After the state of this step is written.
    if (step === Number(last)) setTimeout(() => void subscription[Symbol.asyncDispose](), 100);
  },
});
process.stdout.write(`${JSON.stringify({ counts })}\n`);
