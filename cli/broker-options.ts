import type { OptionDefinitions } from "./command.ts";

/** Options of every command that has to do with an MQTT broker. */
export const BROKER_OPTIONS = {
  username: { kind: "text", placeholder: "name", description: "user name at the broker" },
  passwordEnv: { kind: "text", placeholder: "variable", description: "environment variable that holds the password" },
  insecure: { kind: "flag", description: "send the password to other machines unencrypted, too" },
  tlsServerName: {
    kind: "text",
    placeholder: "name",
    description: "name that the broker's certificate is for, where it is not that of the mqtts:// address",
  },
  tlsCa: {
    kind: "text",
    placeholder: "file",
    description: "authorities to trust with mqtts://, PEM (default: those of the system)",
  },
  tlsCertificate: { kind: "text", placeholder: "file", description: "certificate of this client, PEM" },
  tlsKey: { kind: "text", placeholder: "file", description: "private key of that certificate, PEM" },
  reconnectMs: {
    kind: "integer",
    placeholder: "ms",
    description: "for how long a broker that is away is tried again [ms] (default: 60000)",
    min: 0,
    max: 2 ** 31 - 1,
  },
} as const satisfies OptionDefinitions;

/** What {@link BROKER_OPTIONS} gives. */
export interface BrokerChoice {
  readonly username?: string | undefined;
  readonly passwordEnv?: string | undefined;
  readonly insecure: boolean;
  readonly tlsServerName?: string | undefined;
  readonly tlsCa?: string | undefined;
  readonly tlsCertificate?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly reconnectMs?: number | undefined;
}
