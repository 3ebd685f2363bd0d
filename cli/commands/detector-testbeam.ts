import { BROKER_OPTIONS } from "../broker-options.ts";
import type { OptionDefinitions } from "../command.ts";
import { type Command, type CommandIo, defineCommand } from "../command.ts";
import { GEOMETRY_OPTION } from "../detector-options.ts";
import type { PublishedBeam } from "../publish-beam.ts";

export const detectorTestbeam: Command = defineCommand({
  path: ["detector", "testbeam"],
  summary: "Publish events of a calorimeter that drifts by a script",
  description:
    "Makes the events of a test beam (docs/reference/test-beam-script.md), from a model or from files of showers, and " +
    "publishes them, records them, or both: then each is in the recording before it is published. Events are a function of " +
    "script, seed and source of showers; --rate is how fast they come, not when they happened. What is late is sent as fast as " +
    "it goes until it is in time again, and nothing is left out. Interrupted, it ends cleanly with code 0, and the recording " +
    "is complete; it says how to go on.",
  options: {
    script: { kind: "text", placeholder: "file", description: "what happens to the detector, YAML", required: true },
    to: { kind: "text", placeholder: "address", description: "publish to mqtt://host:1883/topic" },
    record: { kind: "text", placeholder: "file", description: "record what is published, by custom *.twr" },
    truth: {
      kind: "text",
      placeholder: "file",
      description: "write the true conditions over time, JSON lines; replaces an earlier file",
    },
    resume: {
      kind: "flag",
      description:
        "go on with that recording where it stopped; of its last 1000 events, which may not have arrived, all are compared and published again",
    },
    rate: {
      kind: "number",
      placeholder: "events/s",
      description: "events per second of the clock, 0 for as fast as it goes (default: the script's)",
      min: 0,
      max: 1e6,
    },
    count: {
      kind: "integer",
      short: "n",
      placeholder: "number",
      description:
        "so many events from the first, those of a recording that is resumed included (default: the script's)",
      min: 1,
    },
    fromSequence: {
      kind: "integer",
      placeholder: "number",
      description: "begin with this event of the script, counted from 0; those before it are not made (default: 0)",
      min: 0,
    },
    model: {
      kind: "text",
      placeholder: "name",
      description:
        "what makes showers: gan, transformer, transformer-quality, gflash, gflash-published or an ONNX file (default: gflash)",
    },
    showers: {
      kind: "text",
      placeholder: "[mm=]file",
      description:
        "take stored showers, one file for each thickness of the absorber in the script; it is what is typed before the file, or what the file says (absorber_thickness_mm), or that of the script",
      many: true,
    },
    ...GEOMETRY_OPTION,
    seed: {
      kind: "bigint",
      placeholder: "seed",
      description: "seed in place of the script's",
      min: 0n,
      max: 2n ** 64n - 1n,
    },
    ...BROKER_OPTIONS,
  } satisfies OptionDefinitions,
  example: [
    "twinloom detector testbeam --script drift.yaml --rate 2000 --to mqtt://localhost/testbeam/ecal",
    "twinloom detector testbeam --script drift.yaml --showers showers.h5 --showers 1.5=thicker.h5 --rate 0 --record beam.twr",
    "twinloom detector testbeam --script drift.yaml --to mqtt://localhost/testbeam/ecal --record beam.twr --resume",
  ],
  run: async (_args, options, io) => {
    const { publishBeam } = await import("../publish-beam.ts");
    const published = await publishBeam(options, io);
    if (io.json) io.printJson(published);
    else await tell(published, io);
  },
});

async function tell(published: PublishedBeam, io: CommandIo): Promise<void> {
  const { harmless } = await import("../harmless.ts");
  const { source, fromSequence, nextSequence, events, repeated, unconfirmed, to, record } = published;
  const { eventsPerSecond, wantedPerSecond, seconds, complete } = published;
  const range = events > 0 ? ` (${fromSequence} to ${nextSequence - 1})` : "";
  const where = [to && `published to ${to}`, record && `recorded in ${record}`].filter(Boolean).join(", ");
  const wanted = wantedPerSecond === null ? "" : ` of ${wantedPerSecond}/s`;
  io.print(harmless(`${events} events of ${source}${range}, ${where}`));
  if (repeated > 0) io.print(`${repeated} events of the recording were published again`);
  io.print(`${eventsPerSecond.toFixed(0)}/s${wanted}, ${seconds.toFixed(1)} s`);
  if (complete) return;
  if (unconfirmed > 0) io.print(`${unconfirmed} events were not confirmed by the broker`);
  io.print(`ended early; ${record ? "--resume" : `--from-sequence ${nextSequence - unconfirmed}`} goes on`);
}
