import { once } from "node:events";
import { type Command, defineCommand } from "../command.ts";

export const streamBroker: Command = defineCommand({
  path: ["stream", "broker"],
  summary: "Run an MQTT broker for this machine, to try things out",
  description:
    "It speaks MQTT 3.1.1, asks nobody who they are, and forgets everything when it ends. When it says `broker at …`, it " +
    "answers. For more, and for other machines, take one such as Mosquitto.",
  options: {
    port: {
      kind: "integer",
      short: "p",
      placeholder: "port",
      description: "port of 127.0.0.1, 0 for a free one",
      default: 1883,
      min: 0,
      max: 65_535,
    },
  },
  example: ["twinloom stream broker --port 1883", "twinloom stream broker --port 0 --json"],
  run: async (_args, { port }, io) => {
    const { createTwin } = await import("../../core/index.ts");
    const { mqttBroker } = await import("../../modules/mqtt/index.ts");
    const { warningLog } = await import("../warning-log.ts");
    const { withTwin } = await import("../with-twin.ts");
    const plugins = { broker: mqttBroker({ port }), log: warningLog(io) };
    await withTwin(await createTwin({ plugins, signal: io.signal }), async ({ broker: { url } }) => {
      if (io.json) io.printJson({ url });
      else io.print(`broker at ${url}`);
      if (!io.signal.aborted) await once(io.signal, "abort");
    });
  },
});
