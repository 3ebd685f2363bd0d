import { resolve } from "node:path";
import { BROKER_OPTIONS } from "../broker-options.ts";
import { type Command, defineCommand } from "../command.ts";

export const streamReplay: Command = defineCommand({
  path: ["stream", "replay"],
  summary: "Publish the messages of a recording again",
  description:
    "Byte for byte and in their order, as fast as it goes or at a rate. What is late is sent as fast as it goes until it is in " +
    "time again. Whoever counts events by source and sequence knows those that it has already.",
  arguments: { file: { description: "recording" } },
  options: {
    to: { kind: "text", placeholder: "address", description: "stream: mqtt://host:1883/topic", required: true },
    rate: {
      kind: "number",
      placeholder: "messages/s",
      description: "messages per second of the clock, 0 for as fast as it goes",
      default: 0,
      min: 0,
      max: 1e6,
    },
    ...BROKER_OPTIONS,
  },
  example: "twinloom stream replay beam.twr --to mqtt://localhost/testbeam/ecal --rate 500",
  run: async ({ file }, options, io) => {
    const { replayFile } = await import("../replay-file.ts");
    const replayed = await replayFile({ ...options, file: resolve(io.cwd, file) }, io);
    if (io.json) return io.printJson({ file, ...replayed });
    const { harmless } = await import("../harmless.ts");
    const { messages, messagesPerSecond, to, complete } = replayed;
    io.print(harmless(`${messages} messages of ${file}, published to ${to}, ${messagesPerSecond.toFixed(0)}/s`));
    if (!complete) io.print("ended early");
  },
});
