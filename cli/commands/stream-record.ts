import { resolve } from "node:path";
import type { Recorded } from "../../modules/recording/index.ts";
import { BROKER_OPTIONS } from "../broker-options.ts";
import { type Command, type CommandIo, defineCommand } from "../command.ts";

export const streamRecord: Command = defineCommand({
  path: ["stream", "record"],
  summary: "Record a stream to a file, every message byte for byte",
  description:
    "Messages are acknowledged when they are on the disk. Without --count it runs until it is interrupted, and ends with code " +
    "0 once what has come is written. When it says `listening to …`, nothing that is published is missed. With --name the " +
    "broker keeps what comes while nobody of that name listens; --append goes on then.",
  options: {
    from: { kind: "text", placeholder: "address", description: "stream: mqtt://host:1883/topic", required: true },
    out: { kind: "text", placeholder: "file", description: "file to write, by custom *.twr", required: true },
    count: { kind: "integer", short: "n", placeholder: "number", description: "end after so many messages", min: 1 },
    name: { kind: "text", placeholder: "name", description: "name of a lasting subscription" },
    append: { kind: "flag", description: "go on with the recording if it is there" },
    ...BROKER_OPTIONS,
  },
  example: [
    "twinloom stream record --from mqtt://localhost/testbeam/ecal --out run-7.twr --count 10000",
    "twinloom stream record --from mqtts://broker.example.org/testbeam/ecal --username twin --password-env MQTT_PASSWORD --name recorder --out run-7.twr --append",
  ],
  run: async (_args, options, io) => {
    const { from, out, count, name, append } = options;
    const { recordStream } = await import("../../modules/recording/index.ts");
    const { firstOf, listen } = await import("../listen.ts");
    const { withStream } = await import("../stream-address.ts");
    let recorded: Recorded = { messages: 0, bytes: 0 };
    await withStream({ ...options, address: from, as: "--from" }, io, async (stream) => {
      const { signal } = io;
      const subscription = await listen(stream, { name, signal });
      const onProgress = (now: Recorded): void => {
        recorded = now;
        const details = `${now.messages} messages  ${(now.bytes / 1e6).toFixed(1)} MB`;
        io.progress(count === undefined ? 0 : now.messages / count, "recording", details);
      };
      io.print(`listening to ${stream.address}`);
      const wanted = count === undefined ? subscription : firstOf(subscription, count);
      const existing = append ? "append" : "refuse";
      await recordStream(wanted, resolve(io.cwd, out), { existing, signal, onProgress }).catch((error: unknown) => {
        // Interrupted is how it ends where no count is given.
        if (!signal.aborted) throw error;
      });
    });
    await tell(recorded, options, io);
  },
});

async function tell(
  { messages, bytes }: Recorded,
  { out, count }: { readonly out: string; readonly count?: number | undefined },
  io: CommandIo,
): Promise<void> {
  const complete = count === undefined || messages === count;
  if (io.json) return io.printJson({ file: out, messages, bytes, complete });
  const { harmless } = await import("../harmless.ts");
  io.print(harmless(`${messages} messages${complete ? "" : ` of ${count}`}, ${bytes} bytes: ${out}`));
}
