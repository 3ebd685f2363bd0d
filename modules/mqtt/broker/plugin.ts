import { definePlugin, Log, type PluginFactory } from "../../../core/index.ts";
import { MqttBroker } from "./contract.ts";
import { EmbeddedBroker } from "./embedded-broker.ts";
import { BrokerOptionsSchema, type MqttBrokerOptions } from "./options.ts";

/**
 * An MQTT broker within the twin, for this machine only: to begin with, and for tests. The streams of the twin that name no
 * `url` are at this one. It speaks MQTT 3.1.1, keeps everything in memory, and asks nobody who they are.
 *
 * @example
 * const plugins = { broker: mqttBroker(), events: mqttStream({ topic: "testbeam/ecal" }) };
 * await using twin = await createTwin({ plugins });
 * console.log(twin.broker.url); // "mqtt://127.0.0.1:40123"
 */
export const mqttBroker: PluginFactory<MqttBrokerOptions, MqttBroker> = definePlugin({
  name: "twinloom/modules/mqtt#mqttBroker",
  version: "0.1.0",
  provides: MqttBroker,
  needs: { log: Log },
  options: BrokerOptionsSchema,
  create: ({ log }, settings) => new EmbeddedBroker(settings, { log }),
});
