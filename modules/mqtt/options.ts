import { z } from "zod";
import { type SecretReference, secret } from "../../core/index.ts";

/** Options of {@link mqttStream}. */
export interface MqttStreamOptions {
  /** The broker: `"mqtt://broker.example.org:1883"`, encrypted `"mqtts://…:8883"`. The twin's own `mqttBroker()` by default. */
  readonly url?: string | undefined;
  /** Where messages are published and come from: `"testbeam/ecal"`. With `+` or `#` it can only be listened to. */
  readonly topic: string;
  /** User name at the broker. */
  readonly username?: string | undefined;
  /** Its password: `env("MQTT_PASSWORD")`. It is sent to other machines encrypted only. */
  readonly password?: SecretReference | undefined;
  /** Allows the password to be sent to other machines unencrypted. */
  readonly insecure?: boolean | undefined;
  /** What is trusted and shown where the `url` begins with `mqtts`; the system's authorities by default. */
  readonly tls?: MqttTls | undefined;
  /** Version of MQTT: 5, or 4 for 3.1.1. By default 5, and 3.1.1 where the broker refuses that. */
  readonly protocolVersion?: 4 | 5 | undefined;
  /** How the identifiers of this twin's clients begin: `"twinloom"` by default. Part of what a subscription's name means. */
  readonly clientId?: string | undefined;
  /** How long a broker keeps a named subscription that nobody listens to, s; a week by default. MQTT 5 only. */
  readonly sessionExpiryS?: number | undefined;
  /** Most messages that are published and not confirmed; 1,000 by default, fewer where the broker says so. */
  readonly maxUnconfirmed?: number | undefined;
  /** Longest silence on a connection, s; 30 by default. A broker that does not answer is lost after one and a half of it. */
  readonly keepAliveS?: number | undefined;
  /** Longest time that one attempt to connect may take, ms; 10,000 by default. */
  readonly connectMs?: number | undefined;
  /** For how long a broker that cannot be reached is tried again, at first and when it is lost, ms; 60,000 by default. */
  readonly reconnectMs?: number | undefined;
}

/** Files of what a client trusts and shows, PEM. They are read for each connection. */
export interface MqttTls {
  /** Certificates of the authorities that the broker's certificate must come from; the system's by default. */
  readonly authority?: string | undefined;
  /** The client's own certificate, for brokers that ask for one. */
  readonly certificate?: string | undefined;
  /** Its private key. */
  readonly key?: string | undefined;
  /** Name that the broker's certificate is for, where it is not that of the `url`. */
  readonly serverName?: string | undefined;
}

/** {@link MqttStreamOptions} with their defaults. */
export interface MqttSettings extends MqttStreamOptions {
  readonly clientId: string;
  readonly sessionExpiryS: number;
  readonly maxUnconfirmed: number;
  readonly keepAliveS: number;
  readonly connectMs: number;
  readonly reconnectMs: number;
}

const MOST_BYTES = 65_535;

const Tls = z
  .strictObject({
    authority: z.string().min(1).optional().describe("File of the authorities that are trusted, PEM."),
    certificate: z.string().min(1).optional().describe("File of the client's own certificate, PEM."),
    key: z.string().min(1).optional().describe("File of its private key, PEM."),
    serverName: z.string().min(1).optional().describe("Name that the broker's certificate is for."),
  })
  .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), {
    error: "`certificate` and `key` go together.",
  });

/** The schema of {@link MqttStreamOptions}. */
export const StreamOptionsSchema: z.ZodType<MqttSettings, MqttStreamOptions> = z
  .object({
    url: z
      .string()
      .regex(/^mqtts?:\/\/([^/?#@:[\]\s]+|\[[0-9a-f:.]+\])(:\d{1,5})?\/?$/i, {
        error:
          'It must be "mqtt://" or "mqtts://", a host, and a port or none. A user name and a password are options of their own.',
      })
      .refine((url) => URL.canParse(url), { error: "Its host or its port is none." })
      .optional()
      .describe("The broker, mqtt:// or mqtts://; the twin's own by default."),
    topic: z
      .string()
      .min(1)
      .refine((topic) => isTopic(topic), {
        error: `It must have at most ${MOST_BYTES} bytes and no zero; "+" stands for a whole level, "#" for the last ones.`,
      })
      .refine((topic) => !topic.startsWith("$share/"), {
        error: "To share messages, give `group` to `subscribe`.",
      })
      .describe("Where messages are published and come from."),
    username: z.string().min(1).optional().describe("User name at the broker."),
    password: secret().optional().describe("Its password; sent to other machines encrypted only."),
    insecure: z.boolean().optional().describe("Allows the password to be sent to other machines unencrypted."),
    tls: Tls.optional().describe("What is trusted and shown with mqtts://; the system's authorities by default."),
    protocolVersion: z
      .union([z.literal(4), z.literal(5)])
      .optional()
      .describe("5, or 4 for MQTT 3.1.1; by default 5, and 3.1.1 where the broker refuses that."),
    clientId: z
      .string()
      .regex(/^[\w.-]{1,64}$/, "It must be 1 to 64 letters, digits, dots, dashes and underscores.")
      .default("twinloom")
      .describe("How the identifiers of this twin's clients begin."),
    sessionExpiryS: z
      .int()
      .min(1)
      .max(2 ** 32 - 2)
      .default(7 * 86_400)
      .describe("How long a broker keeps a named subscription that nobody listens to, s; MQTT 5 only."),
    maxUnconfirmed: z
      .int()
      .min(1)
      .max(32_767)
      .default(1000)
      .describe("Most messages that are published and not confirmed."),
    keepAliveS: z.int().min(1).max(65_535).default(30).describe("Longest silence on a connection, s."),
    connectMs: z.int().min(1).max(600_000).default(10_000).describe("Longest time that one attempt may take, ms."),
    reconnectMs: z
      .int()
      .min(0)
      .max(2 ** 31 - 1)
      .default(60_000)
      .describe("For how long a broker that cannot be reached is tried again, ms."),
  })
  .refine(({ username, password }) => password === undefined || username !== undefined, {
    error: "`password` needs a `username`.",
  })
  .refine(({ url, tls }) => tls === undefined || url?.startsWith("mqtts:") === true, {
    error: "`tls` needs a `url` that begins with mqtts://.",
  })
  .refine(({ url, password, insecure }) => password === undefined || insecure === true || isPrivate(url), {
    error:
      "The password would go to another machine unencrypted: whoever is on the network could read it. Give a `url` that begins with mqtts://, or say `insecure`.",
  });

/** Whether nobody on the network can read what is sent. */
function isPrivate(url: string | undefined): boolean {
  return url === undefined || /^mqtts:|^mqtt:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:|\/|$)/i.test(url);
}

/** MQTT 5, sections 1.5.4 and 4.7.1. */
function isTopic(topic: string): boolean {
  if (topic.includes("\0") || Buffer.byteLength(topic) > MOST_BYTES || !topic.isWellFormed()) return false;
  const levels = topic.split("/");
  return levels.every((level, index) =>
    level.includes("#") ? level === "#" && index === levels.length - 1 : !level.includes("+") || level === "+",
  );
}
