import { stat } from "node:fs/promises";
import { readRecording } from "../modules/recording/index.ts";
import type { BrokerChoice } from "./broker-options.ts";
import type { CommandIo } from "./command.ts";
import { sendPaced } from "./send-paced.ts";
import { withStream } from "./stream-address.ts";
import { warnOfTornEnd } from "./torn-end.ts";

/** What is published again, and where. */
export interface ReplayChoice extends BrokerChoice {
  readonly file: string;
  readonly to: string;
  /** Messages per second of the clock; 0 for as fast as it goes. */
  readonly rate: number;
}

/** What was published. */
export interface Replayed {
  /** Confirmed by the broker. */
  readonly messages: number;
  readonly seconds: number;
  readonly messagesPerSecond: number;
  readonly to: string;
  readonly complete: boolean;
}

/** Publishes the messages of a recording. Ends early, and cleanly, when the signal aborts. */
export async function replayFile({ file, to, rate, ...broker }: ReplayChoice, io: CommandIo): Promise<Replayed> {
  const { signal } = io;
  let isAtEnd = false;
  const messages = readRecording(file, {
    signal,
    onEnd: (contents) => {
      isAtEnd = true;
      warnOfTornEnd(file, contents, io);
    },
  });
  return await withStream({ ...broker, address: to, as: "--to" }, io, async (stream) => {
    let bytes = 0;
    const size = (await stat(file).catch(() => undefined))?.size ?? 0;
    const sent = await sendPaced(
      messages,
      async ({ payload }) => {
        bytes += payload.length;
        await stream.publish(payload);
      },
      {
        perSecond: rate,
        signal,
        onSent: (count) => io.progress(size > 0 ? bytes / size : 0, "publishing", `${count} so far`),
      },
    );
    const { arrived, begun, seconds } = sent;
    const messagesPerSecond = seconds > 0 ? arrived / seconds : 0;
    return {
      messages: arrived,
      seconds,
      messagesPerSecond,
      to: stream.address,
      complete: isAtEnd && arrived === begun,
    };
  });
}
