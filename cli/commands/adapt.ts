import { BROKER_OPTIONS } from "../broker-options.ts";
import { type Command, defineCommand, type OptionDefinitions } from "../command.ts";
import { STORE_OPTION } from "../store-options.ts";

export const adapt: Command = defineCommand({
  path: ["adapt"],
  summary: "Let a twin follow its instrument",
  description:
    "Takes events of the instrument, notices when the twin no longer describes them, finds out why, and adapts its conditions " +
    "when that proves better on other events; what proves worse later is taken back. One part of the twin must be adaptable. " +
    "Features of events and decisions are kept in a folder: killed or interrupted, it goes on there, and the same events give the " +
    "same decisions, bit for bit. With --alias, each change is sealed as a version, with the decision as evidence, and the alias is " +
    "moved; otherwise it only tells. One at a time decides in a folder. Live, it runs until it is interrupted, and ends with " +
    "code 0.",
  arguments: { twin: { description: "twin.yaml" } },
  options: {
    replay: { kind: "text", placeholder: "file", description: "decide on a recording, *.twr, up to its end" },
    from: { kind: "text", placeholder: "address", description: "decide on a stream: mqtt://host:1883/topic" },
    features: {
      kind: "text",
      placeholder: "folder",
      description: "decide on what a worker takes (`stream take`); repeat it for several",
      many: true,
    },
    source: {
      kind: "text",
      placeholder: "name",
      description: "a source that is waited for from the beginning; name all of them where workers share events",
      many: true,
    },
    end: { kind: "flag", description: "with --features: decide on what is there, and end" },
    keep: {
      kind: "number",
      placeholder: "h",
      description: "delete features that are needed no longer and older than this event time [h] (default: keep all)",
      min: 0,
    },
    name: { kind: "text", placeholder: "name", description: "name of a lasting subscription to the stream" },
    folder: {
      kind: "text",
      placeholder: "folder",
      description:
        "what is known of events, and decisions (default: the name of the recording, or of the twin, with .adaptation)",
    },
    alias: {
      kind: "text",
      placeholder: "alias",
      description: "seal changes as versions, with this name on the one in use",
    },
    report: {
      kind: "text",
      placeholder: "file",
      description: "write conditions and decisions as one HTML page; replaces an earlier one",
    },
    truth: {
      kind: "text",
      placeholder: "file",
      description: "draw true conditions in the report, JSON lines as `detector testbeam --truth` writes them",
    },
    referenceEvents: {
      kind: "integer",
      placeholder: "number",
      description: "events that tell what is normal (default: 20000)",
      min: 100,
    },
    windowEvents: {
      kind: "integer",
      placeholder: "number",
      description: "least events of a window (default: 2500)",
      min: 100,
    },
    acceptInterval: {
      kind: "number",
      placeholder: "s",
      description: "least event time between two changes [s] (default: 60)",
      min: 0,
    },
    track: {
      kind: "text",
      placeholder: "condition",
      description: "follow a condition that drifts all the time (`common gain`); repeat it for several",
      many: true,
    },
    windowS: {
      kind: "number",
      placeholder: "s",
      description: "event time that is read at once [s]",
      above: 0,
      default: 1,
    },
    patience: {
      kind: "number",
      placeholder: "s",
      description: "event time for which missing events of a stream are waited for [s]",
      min: 0,
      default: 10,
    },
    ...STORE_OPTION,
    ...BROKER_OPTIONS,
  } satisfies OptionDefinitions,
  example: [
    "twinloom adapt ecal.yaml --replay run-7.twr --report run-7.html",
    "twinloom adapt ecal.yaml --from mqtt://localhost/testbeam/ecal --name ecal-twin --alias champion",
    "twinloom adapt ecal.yaml --features one --features two --keep 24",
  ],
  run: async ({ twin }, options, io) => {
    const { adaptTwin } = await import("../adapt-twin.ts");
    await adaptTwin({ ...options, twin }, io);
  },
});
