import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RecordedStream } from "twinloom/modules/recording";
import { publishingCases, testEventStream } from "twinloom/testing";
import { recordMessages } from "./sample.ts";

const skip = Object.fromEntries(publishingCases.map(({ name }) => [name, "nobody can publish to a recording"]));

testEventStream(
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "twinloom-recording-"));
    const file = join(folder, "run.twr");
    await recordMessages([], file);
    const stream = new RecordedStream(file);
    return {
      stream,
      fill: async (messages) => void (await recordMessages(messages, file, { existing: "append" })),
      stop: () => stream.stop(),
      dispose: async () => {
        await stream.stop();
        await rm(folder, { recursive: true });
      },
    };
  },
  { skip },
);
