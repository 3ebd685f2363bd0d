import { BROKER_OPTIONS } from "../broker-options.ts";
import { type Command, defineCommand } from "../command.ts";

export const streamTake: Command = defineCommand({
  path: ["stream", "take"],
  summary: "Keep what a twin needs of each event, once",
  description:
    "A worker: of each event it writes down the features that the adaptable part of a twin looks at, and acknowledges the event " +
    "when they are durable. Killed at any time and started again, it loses nothing and counts nothing twice. Workers of one " +
    "--group share the events; each has a folder and a name of its own, and `adapt --features` decides on all of them. It runs " +
    "until it is interrupted, and ends with code 0. From the recording of a publisher, it fills what a broker has lost; what is " +
    "still missing is told.",
  arguments: { twin: { description: "twin.yaml" } },
  options: {
    from: {
      kind: "text",
      placeholder: "address",
      description: "stream: mqtt://host:1883/topic; or a recording, *.twr",
      required: true,
    },
    folder: { kind: "text", placeholder: "folder", description: "where features are kept", required: true },
    name: { kind: "text", placeholder: "name", description: "name of a lasting subscription" },
    group: { kind: "text", placeholder: "group", description: "workers of this group share the events" },
    ...BROKER_OPTIONS,
  },
  example: [
    "twinloom stream take ecal.yaml --from mqtt://localhost/testbeam/ecal --group ecal --name one --folder one",
    "twinloom stream take ecal.yaml --from publisher.twr --folder filled",
  ],
  run: async ({ twin }, options, io) => {
    const { takeFeatures } = await import("../take-features.ts");
    await takeFeatures({ ...options, twin }, io);
  },
});
