import { type Token, token } from "../../../core/index.ts";

/** An MQTT broker within the twin. */
export interface MqttBroker {
  /** Where, once its twin has started: `"mqtt://127.0.0.1:40123"`. */
  readonly url: string;
}
export const MqttBroker: Token<MqttBroker> = token("mqtt-broker");
