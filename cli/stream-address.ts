import { resolve } from "node:path";
import { checkSchema, createTwin, type EventStream, env } from "../core/index.ts";
import { type MqttStreamOptions, mqttStream } from "../modules/mqtt/index.ts";
import { BROKER_OPTIONS, type BrokerChoice } from "./broker-options.ts";
import type { CommandIo } from "./command.ts";
import { UsageError } from "./errors.ts";
import { typedMessage, typedOption } from "./typed-message.ts";
import { warningLog } from "./warning-log.ts";
import { withTwin } from "./with-twin.ts";

/** A stream that was typed. */
export interface StreamChoice extends BrokerChoice {
  /** `mqtt://host:1883/topic` */
  readonly address: string;
  /** What it was typed for: `--to`. */
  readonly as: string;
}

const TYPED = Object.keys(BROKER_OPTIONS);

/** Whether it is the address of a stream, and not a file. */
export function isStreamAddress(typed: string): boolean {
  return /^mqtts?:\/\//i.test(typed);
}

/** Works on the stream that was typed, and leaves its broker. @throws `TWIN_USAGE`; what the work throws. */
export async function withStream<T>(
  choice: StreamChoice,
  io: Pick<CommandIo, "cwd" | "signal" | "warn">,
  work: (stream: EventStream) => Promise<T>,
): Promise<T> {
  const plugins = { events: mqttStream(streamOptions(choice, io.cwd)), log: warningLog(io) };
  return await withTwin(await createTwin({ plugins, signal: io.signal }), ({ events }) => work(events));
}

/** The options of the stream that was typed. What is wrong is told without the address: it may hold a password. */
function streamOptions(choice: StreamChoice, cwd: string): MqttStreamOptions {
  const { address, as, username, passwordEnv, insecure, reconnectMs } = choice;
  const [, url, topic] = /^(mqtts?:\/\/[^/]*)\/(.+)$/is.exec(address) ?? [];
  if (url === undefined || topic === undefined) {
    throw new UsageError(
      `${as}: it must be mqtt://, a host, a port or none, and a topic: mqtt://localhost:1883/testbeam/ecal; mqtts:// where it is encrypted.`,
    );
  }
  if (as === "--to" && /[+#]/.test(topic)) {
    throw new UsageError(`${as}: "${topic}" stands for many topics; one is published to, without "+" and "#".`);
  }
  const tls = tlsOf(choice, cwd);
  const options: MqttStreamOptions = {
    url,
    topic,
    insecure,
    ...(username !== undefined && { username }),
    ...(passwordEnv !== undefined && { password: env(passwordEnv) }),
    ...(Object.keys(tls).length > 0 && { tls }),
    ...(reconnectMs !== undefined && { reconnectMs }),
  };
  const { problems } = checkSchema(mqttStream.definition.options, options);
  if (problems === undefined) return options;
  const lines = problems.map(({ path, message }) => {
    const name = path.filter((key) => typeof key === "string").join(".");
    const option = typedOption(name, TYPED);
    const typed = typedMessage(message, TYPED).replace("`tls` needs", "TLS needs").replace("`url`", `${as} address`);
    return `${option ?? as}: ${typed}`;
  });
  throw new UsageError(lines.join("\n"));
}

function tlsOf(choice: StreamChoice, cwd: string): NonNullable<MqttStreamOptions["tls"]> {
  const { tlsServerName, tlsCa, tlsCertificate, tlsKey } = choice;
  const at = (file: string): string => resolve(cwd, file);
  return {
    ...(tlsServerName !== undefined && { serverName: tlsServerName }),
    ...(tlsCa !== undefined && { authority: at(tlsCa) }),
    ...(tlsCertificate !== undefined && { certificate: at(tlsCertificate) }),
    ...(tlsKey !== undefined && { key: at(tlsKey) }),
  };
}
