/**
 * Events over MQTT: a stream at a topic of a broker, and a broker within the twin.
 *
 * @module
 */

export { MqttBroker } from "./broker/contract.ts";
export type { MqttBrokerOptions } from "./broker/options.ts";
export { mqttBroker } from "./broker/plugin.ts";
export type { MqttStreamOptions, MqttTls } from "./options.ts";
export { mqttStream } from "./plugin.ts";
