import { expect } from "vitest";
import { constant, createTwin, type EventStream, Log, type LogFields } from "../../../core/index.ts";
import { type MqttBrokerOptions, type MqttStreamOptions, mqttBroker, mqttStream } from "../../../modules/mqtt/index.ts";

/** Keeps what it is told. */
export class KeptLog implements Log {
  readonly lines: { readonly level: string; readonly fields: LogFields; readonly message: string }[] = [];
  debug(fields: LogFields, message: string): void {
    this.lines.push({ level: "debug", fields, message });
  }
  info(fields: LogFields, message: string): void {
    this.lines.push({ level: "info", fields, message });
  }
  warn(fields: LogFields, message: string): void {
    this.lines.push({ level: "warn", fields, message });
  }
  error(fields: LogFields, message: string): void {
    this.lines.push({ level: "error", fields, message });
  }
  /** Messages that have this in them. */
  about(text: string): readonly { readonly fields: LogFields; readonly message: string }[] {
    return this.lines.filter(({ message }) => message.includes(text));
  }
}

/** A stream in a twin of its own. */
export interface OpenStream extends AsyncDisposable {
  readonly stream: EventStream;
  readonly log: KeptLog;
}

/** A stream at some broker, that gives up soon. */
export async function openStream(options: MqttStreamOptions): Promise<OpenStream> {
  const log = new KeptLog();
  const stream = mqttStream({ reconnectMs: 10_000, ...options });
  const twin = await createTwin({ plugins: { stream, log: constant(Log, log) } });
  return { stream: twin.stream, log, [Symbol.asyncDispose]: () => twin[Symbol.asyncDispose]() };
}

/** An embedded broker in a twin of its own. */
export interface OpenBroker extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly log: KeptLog;
}

/** Starts an embedded broker. */
export async function openBroker(options: MqttBrokerOptions = {}): Promise<OpenBroker> {
  const log = new KeptLog();
  const twin = await createTwin({ plugins: { broker: mqttBroker(options), log: constant(Log, log) } });
  const { url } = twin.broker;
  return { url, port: Number(new URL(url).port), log, [Symbol.asyncDispose]: () => twin[Symbol.asyncDispose]() };
}

/** The error that a promise ends with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error & { readonly code?: unknown }> {
  return await promise.then(
    () => expect.fail("it did not fail"),
    (error: Error) => error,
  );
}
