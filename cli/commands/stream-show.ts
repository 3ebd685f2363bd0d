import { BROKER_OPTIONS } from "../broker-options.ts";
import { type Command, defineCommand } from "../command.ts";
import type { ShownMessage } from "../show-messages.ts";

export const streamShow: Command = defineCommand({
  path: ["stream", "show"],
  summary: "Show the events of a recording, or of a stream as they come",
  description:
    "A line for each: source, sequence, run, time, conditions, tensors. What is no event is told with the reason. --json has " +
    "the events with their tensors, as the mapping of protocol buffers to JSON has them. Interrupted, it ends with what it has.",
  arguments: { from: { description: "recording, or mqtt://host:1883/topic" } },
  options: {
    count: { kind: "integer", short: "n", placeholder: "number", description: "how many", default: 10, min: 1 },
    skip: { kind: "integer", placeholder: "number", description: "leave out so many before", default: 0, min: 0 },
    ...BROKER_OPTIONS,
  },
  example: ["twinloom stream show beam.twr --count 3", "twinloom stream show mqtt://localhost/testbeam/ecal"],
  run: async ({ from }, options, io) => {
    const { messageJson, messageText, showMessages } = await import("../show-messages.ts");
    const shown: ShownMessage[] = [];
    await showMessages({ ...options, from }, io, (payload, place) => {
      if (io.json) shown.push(messageJson(payload));
      else io.print(messageText(payload, place));
    }).catch((error: unknown) => {
      if (!io.signal.aborted) throw error;
    });
    if (io.json) io.printJson(shown);
  },
});
