// Started as a process of its own: takes the events of the test in, and is killed by itself after so many.
import { eventsOf, messagesOf, take } from "./sample.ts";

const [folder = "", afterEvents = ""] = process.argv.slice(2);
await take(messagesOf(eventsOf(["a", "b", "c"], 40)), folder, {
  segmentBytes: 1500,
  batchEvents: 4,
  onProgress: ({ events }) => {
    if (events >= Number(afterEvents)) process.kill(process.pid, "SIGKILL");
  },
});
