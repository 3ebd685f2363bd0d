import { randomUUID } from "node:crypto";
import { type Log, StreamRefusedError } from "../../core/index.ts";
import { Attempts } from "./attempts.ts";
import type { Connection } from "./connection.ts";
import type { Dialer } from "./dialer.ts";
import { ConnectionFailure } from "./failure.ts";
import { Fifo } from "./fifo.ts";
import type { MqttSettings } from "./options.ts";
import { TOO_LARGE, wordsOf } from "./reason-codes.ts";

interface Message {
  readonly payload: Buffer;
  /** It was on its way when a connection was lost. */
  wasSent: boolean;
  /** Whether somebody waits for it still. */
  isWanted: boolean;
  readonly settle: (error?: unknown) => void;
}

/** What a {@link Publisher} needs. */
export interface PublisherParts {
  readonly address: string;
  readonly settings: MqttSettings;
  readonly dialer: Dialer;
  readonly log: Log;
}

/** Publishes messages in their order, so many at once as the broker allows, and again when a connection is lost. */
export class Publisher {
  readonly #parts: PublisherParts;
  readonly #waiting = new Fifo<Message>();
  readonly #unconfirmed = new Set<Message>();
  readonly #closing = new AbortController();
  #connection: Connection | undefined;
  #attempts: Attempts | undefined;
  #running: Promise<void> | undefined;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /** @throws as `EventStream.publish` does. */
  async publish(payload: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    this.#closing.signal.throwIfAborted();
    signal?.throwIfAborted();
    // A copy: it may have to be sent again, and the caller may go on to write in it.
    const bytes = Buffer.from(payload);
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        message.isWanted = false;
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      const settle = (error?: unknown): void => {
        signal?.removeEventListener("abort", onAbort);
        if (error === undefined) resolve();
        else reject(error);
      };
      const message: Message = { payload: bytes, wasSent: false, isWanted: true, settle };
      this.#waiting.push(message);
      if (this.#connection) this.#pump();
      else this.#running ??= this.#run();
    });
  }

  /** What is not confirmed fails with this. */
  async close(reason: Error): Promise<void> {
    this.#closing.abort(reason);
    this.#connection?.destroy();
    await this.#running;
  }

  /** Connects for as long as there is something to publish. */
  async #run(): Promise<void> {
    const { dialer, settings, log, address } = this.#parts;
    const { signal } = this.#closing;
    const attempts = new Attempts({ address, reconnectMs: settings.reconnectMs, log });
    this.#attempts = attempts;
    const caller = {
      clientId: `${settings.clientId}-publisher-${randomUUID().slice(0, 18)}`,
      receiveMaximum: undefined,
      onMessage: (_packet: unknown, release: () => void) => release(),
      session: () => ({ isClean: true, sessionExpiryS: 0 }),
    };
    try {
      do {
        const failure = await dialer.dial(caller, signal).then(
          (each) => this.#use(each),
          (thrown: unknown) => thrown,
        );
        if (failure instanceof ConnectionFailure && failure.reasonCode === TOO_LARGE) this.#refuseLargest(failure);
        this.#takeBack();
        signal.throwIfAborted();
        if (this.#waiting.length > 0) await attempts.pause(passing(failure), signal);
      } while (this.#waiting.length > 0);
    } catch (error) {
      for (const { settle } of this.#waiting.take()) settle(error);
    } finally {
      this.#running = undefined;
    }
  }

  async #use(connection: Connection): Promise<unknown> {
    if (!connection.confirms) {
      connection.destroy();
      const problem = "it does not confirm messages (its greatest quality of service is 0)";
      return new ConnectionFailure(problem, { reasonCode: 155 });
    }
    if (this.#closing.signal.aborted) {
      connection.destroy();
      return undefined;
    }
    this.#connection = connection;
    this.#pump();
    const failure = await connection.lost;
    this.#connection = undefined;
    return failure;
  }

  /** What was on its way comes first, in its order. */
  #takeBack(): void {
    if (this.#unconfirmed.size === 0) return;
    for (const message of this.#unconfirmed) message.wasSent = true;
    this.#waiting.prepend(this.#unconfirmed);
    this.#unconfirmed.clear();
  }

  /** Whichever message the broker hung up on, the largest on its way is too large as well. It must not be sent again. */
  #refuseLargest({ message: reason }: ConnectionFailure): void {
    let largest: Message | undefined;
    for (const each of this.#unconfirmed) {
      if (largest === undefined || each.payload.length > largest.payload.length) largest = each;
    }
    if (largest === undefined) return;
    this.#unconfirmed.delete(largest);
    largest.settle(this.#refusal(reason));
    this.#attempts?.progressed();
  }

  #pump(): void {
    const connection = this.#connection;
    if (!connection) return;
    const most = Math.min(this.#parts.settings.maxUnconfirmed, connection.receiveMaximum);
    while (this.#unconfirmed.size < most) {
      const message = this.#waiting.shift();
      if (!message) return;
      if (message.isWanted || message.wasSent) this.#send(connection, message);
    }
  }

  #send(connection: Connection, message: Message): void {
    const { topic } = this.#parts.settings;
    const size = packetSize(topic, message.payload.length);
    if (size > connection.maximumPacketSize) {
      const limit = `its packet has ${size} bytes, and the broker takes ${connection.maximumPacketSize}`;
      message.settle(this.#refusal(`the message is too large: ${limit}`));
      return;
    }
    this.#unconfirmed.add(message);
    connection.publish(topic, message.payload, message.wasSent, (reasonCode) => {
      if (connection !== this.#connection) return;
      this.#unconfirmed.delete(message);
      this.#attempts?.progressed();
      message.settle(reasonCode === undefined ? undefined : this.#refusal(wordsOf(reasonCode)));
      this.#pump();
    });
  }

  #refusal(reason: string): StreamRefusedError {
    return new StreamRefusedError(`The stream ${this.#parts.address} does not take a message: ${reason}.`);
  }
}

/** After a message was refused, the others may go their way. */
function passing(failure: unknown): unknown {
  const isOfMessage = failure instanceof ConnectionFailure && failure.reasonCode === TOO_LARGE;
  return isOfMessage ? new ConnectionFailure(failure.message) : failure;
}

/** Bytes of the packet that publishes so many: MQTT 5, section 3.3, without properties. */
function packetSize(topic: string, payloadBytes: number): number {
  const following = 2 + Buffer.byteLength(topic) + 2 + 1 + payloadBytes;
  const lengthBytes = following < 128 ? 1 : following < 16_384 ? 2 : following < 2_097_152 ? 3 : 4;
  return 1 + lengthBytes + following;
}
