import { MemoryStream } from "twinloom/modules/memory";
import { reconnectingCases, recordingCases, testEventStream } from "twinloom/testing";
import { describe } from "vitest";

const skip = {
  ...Object.fromEntries(reconnectingCases.map(({ name }) => [name, "it has no connection"])),
  ...Object.fromEntries(recordingCases.map(({ name }) => [name, "it is published to"])),
};

for (const keepBytes of [0, 16 << 20]) {
  describe(keepBytes === 0 ? "a stream that keeps nothing" : "a stream that keeps", () => {
    testEventStream(
      async () => {
        const stream = new MemoryStream({ name: "events", roomBytes: 8 << 20, keepBytes });
        return { stream, stop: async () => stream.stop() };
      },
      { skip },
    );
  });
}
