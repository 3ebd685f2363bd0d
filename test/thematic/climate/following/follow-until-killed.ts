// Follows 60 days of a made-up climate into a folder, slowly, and tells each analysis on a line: for tests that kill it. A stream
// that keeps stands for a broker: what was not acknowledged comes again, as all of it does here.
import { encodeEvent } from "../../../../core/index.ts";
import { MemoryStream } from "../../../../modules/memory/index.ts";
import { follow } from "../../../../thematic/climate/following/follow.ts";
import { observeField } from "../../../../thematic/climate/following/observe-field.ts";
import { sample } from "./shared.ts";

const { field, emulator, network, test } = await sample();
const events = [...observeField(field, { network, years: test, seed: 3n })].slice(0, 61);
const stream = new MemoryStream({ name: "stations", roomBytes: 1e6, keepBytes: 1e6 });
for (const event of events) await stream.publish(encodeEvent(event));
const stop = new AbortController();
const last = emulator.stepOf((events.at(-2) as (typeof events)[number]).timeNs);
const subscription = await stream.subscribe({ from: "beginning" });
await follow(subscription, {
  ...{
    emulator,
    stations: network.stations,
    folder: process.argv[2] as string,
    seed: 11n,
    members: 30,
    signal: stop.signal,
  },
  onAnalysis: async ({ step, mean }) => {
    process.stdout.write(`${JSON.stringify({ step, mean: [...mean] })}\n`);
    await new Promise((resolve) => setTimeout(resolve, 10));
    // After the state of this step is written.
    if (step === last) setTimeout(() => void subscription[Symbol.asyncDispose](), 200);
  },
});
