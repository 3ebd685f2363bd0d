import { z } from "zod";

/** Options of {@link mqttBroker}. */
export interface MqttBrokerOptions {
  /** Port of this machine; one that is free by default. */
  readonly port?: number | undefined;
  /**
   * Room for what one subscriber has not acknowledged [B]; 256 MiB by default. While one that is connected has more,
   * publishers wait; one that is not loses what comes then.
   */
  readonly queueBytes?: number | undefined;
}

/** {@link MqttBrokerOptions} with their defaults. */
export interface BrokerSettings {
  readonly port: number;
  readonly queueBytes: number;
}

/** The schema of {@link MqttBrokerOptions}. */
export const BrokerOptionsSchema: z.ZodType<BrokerSettings, MqttBrokerOptions> = z.object({
  port: z.int().min(0).max(65_535).default(0).describe("Port of this machine; 0 for one that is free."),
  queueBytes: z
    .int()
    .min(1)
    .max(2 ** 40)
    .default(256 * 2 ** 20)
    .describe("Room for what one subscriber has not acknowledged [B]."),
});
