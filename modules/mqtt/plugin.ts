import { definePlugin, EventStream, Log, optional, type PluginFactory } from "../../core/index.ts";
import { MqttBroker } from "./broker/contract.ts";
import { MqttStream } from "./mqtt-stream.ts";
import { type MqttStreamOptions, StreamOptionsSchema } from "./options.ts";

/**
 * Events at a topic of an MQTT broker: at least once, acknowledged when they are done with.
 *
 * @example
 * const events = mqttStream({ url: "mqtts://broker.example.org", topic: "testbeam/ecal", username: "twin", password: env("MQTT_PASSWORD") });
 * await using twin = await createTwin({ plugins: { events } });
 * await using subscription = await twin.events.subscribe({ name: "online" });
 * for await (const { payload, acknowledge } of subscription) {
 *   await journal.append(payload);
 *   acknowledge();
 * }
 */
export const mqttStream: PluginFactory<MqttStreamOptions, EventStream> = definePlugin({
  name: "twinloom/modules/mqtt#mqttStream",
  version: "0.1.0",
  provides: EventStream,
  needs: { log: Log, broker: optional(MqttBroker) },
  options: StreamOptionsSchema,
  create: ({ log, broker }, settings) => new MqttStream(settings, { log, broker }),
});
