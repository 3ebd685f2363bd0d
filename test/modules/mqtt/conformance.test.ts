import {
  type EventStreamFixture,
  groupCases,
  reconnectingCases,
  recordingCases,
  testEventStream,
} from "../../conformance/index.ts";
import { openBroker, openStream } from "./shared.ts";

const skip = {
  ...because("it is published to", recordingCases),
  ...because("MQTT 3.1.1 has no groups", groupCases),
  ...because("in MQTT 3.1.1 a subscription without a name misses what comes meanwhile", reconnectingCases),
};

testEventStream(
  async (): Promise<EventStreamFixture> => {
    const broker = await openBroker();
    const open = await openStream({ url: broker.url, topic: "testbeam/ecal" });
    return {
      stream: open.stream,
      stop: async () => await open[Symbol.asyncDispose](),
      dispose: async () => {
        await open[Symbol.asyncDispose]();
        await broker[Symbol.asyncDispose]();
      },
    };
  },
  { skip },
);

function because(reason: string, cases: readonly { readonly name: string }[]): Record<string, string> {
  return Object.fromEntries(cases.map(({ name }) => [name, reason]));
}
