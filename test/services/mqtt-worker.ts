// Started as a process of its own, to be killed: writes down each message, and acknowledges it after that.
import { appendFileSync } from "node:fs";
import { createTwin } from "../../core/index.ts";
import { mqttStream } from "../../modules/mqtt/index.ts";

const [url = "", topic = "", name = "", file = "", group] = process.argv.slice(2);
const events = mqttStream({ url, topic, reconnectMs: 10_000 });
await using twin = await createTwin({ plugins: { events } });
await using subscription = await twin.events.subscribe({ name, group, window: 100 });
appendFileSync(file, "listening\n");
for await (const { payload, isRepeated, acknowledge } of subscription) {
  appendFileSync(file, `${new TextDecoder().decode(payload)}${isRepeated ? " again" : ""}\n`);
  acknowledge();
}
