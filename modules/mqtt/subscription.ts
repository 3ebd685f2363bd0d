import { createHash, randomUUID } from "node:crypto";
import { type Delivery, InvalidArgumentError, type Log, type StreamLag, type Subscription } from "../../core/index.ts";
import { Attempts } from "./attempts.ts";
import type { Connection } from "./connection.ts";
import type { Caller, Dialer } from "./dialer.ts";
import { ConnectionFailure, refusal } from "./failure.ts";
import { Fifo } from "./fifo.ts";
import { type Arrival, Inbox } from "./inbox.ts";
import type { MqttSettings } from "./options.ts";
import { TAKEN_OVER } from "./reason-codes.ts";

/** What MQTT 5 can say of a window (Receive Maximum, section 3.1.2.11.3). */
export const LARGEST_WINDOW = 65_535;
/** Broken off so often in a row, right after a session was resumed, by a broker that gives no reason. */
const CONTESTED = 3;
/** So long a connection lasts that is no failure, ms. */
const STEADY_MS = 10_000;

/** What an {@link MqttSubscription} needs. */
export interface SubscriptionParts {
  readonly address: string;
  readonly settings: MqttSettings;
  readonly dialer: Dialer;
  readonly log: Log;
  readonly name: string | undefined;
  readonly group: string | undefined;
  readonly window: number;
  readonly signal: AbortSignal | undefined;
  /** Called once, when it has ended. */
  readonly onEnd: () => void;
}

/** One client of the broker, that listens. */
export class MqttSubscription implements Subscription {
  readonly #parts: SubscriptionParts;
  readonly #clientId: string;
  readonly #attempts: Attempts;
  readonly #closing = new AbortController();
  readonly #arrivals = new Fifo<Arrival>();
  #inbox: Inbox | undefined;
  #connection: Connection | undefined;
  #wasConnected: boolean = false;
  #breaks = 0;
  #running: Promise<void> = Promise.resolve();
  #delivered = 0;
  #end: { readonly error?: unknown } | undefined;
  #isIterated: boolean = false;
  #wake: (() => void) | undefined;

  constructor(parts: SubscriptionParts) {
    const { settings, address, log } = parts;
    this.#parts = parts;
    this.#clientId = clientIdOf(parts);
    this.#attempts = new Attempts({ address, reconnectMs: settings.reconnectMs, log });
    parts.signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (parts.signal?.aborted) this.#onAbort();
  }

  get lag(): StreamLag {
    return { unacknowledged: this.#delivered };
  }

  /**
   * Messages that may be on their way from the broker to their acknowledgement there. Twice the window: what is acknowledged
   * out of order must wait for those before it, and would otherwise stand in the way of the next.
   */
  get #room(): number {
    return Math.min(2 * this.#parts.window, LARGEST_WINDOW);
  }

  /** @throws as `EventStream.subscribe` does. */
  async begin(): Promise<void> {
    try {
      await this.#listen();
    } catch (error) {
      this.#close(this.#end ?? { error });
      throw this.#end?.error ?? error;
    }
    this.#running = this.#run();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Delivery, void, undefined> {
    if (this.#isIterated) throw new InvalidArgumentError("A subscription is iterated once. Subscribe again.");
    this.#isIterated = true;
    for (;;) {
      const end = this.#ended();
      if (end && "error" in end) throw end.error;
      if (end) return;
      const arrival = this.#delivered < this.#parts.window ? this.#arrivals.shift() : undefined;
      if (arrival) yield this.#deliver(arrival);
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  /** Iterating throws the error. */
  async fail(error: Error): Promise<void> {
    this.#close({ error });
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close({});
    await this.#running;
  }

  readonly #onAbort = (): void => this.#close({ error: this.#parts.signal?.reason });

  // Called where the compiler would believe that nothing has changed during a wait.
  #ended(): { readonly error?: unknown } | undefined {
    return this.#end;
  }

  #close(how: { readonly error?: unknown }): void {
    if (this.#end !== undefined) return;
    this.#end = how;
    this.#parts.signal?.removeEventListener("abort", this.#onAbort);
    this.#closing.abort(how.error);
    this.#inbox?.close();
    this.#arrivals.take();
    this.#delivered = 0;
    // Whoever listens waits until it is lost.
    void this.#connection?.close({ endsSession: this.#parts.name === undefined });
    this.#wake?.();
    this.#parts.onEnd();
  }

  /** Connects again whenever the connection is lost. */
  async #run(): Promise<void> {
    // Where it has ended already, its connection is waited for all the same.
    for (let connection = this.#connection; connection !== undefined; connection = this.#connection) {
      const steady = setTimeout(() => this.#steady(), STEADY_MS);
      const failure = await connection.lost;
      clearTimeout(steady);
      if (this.#ended()) return;
      this.#connection = undefined;
      try {
        await this.#attempts.pause(this.#judge(failure, connection), this.#closing.signal);
        await this.#listen();
      } catch (error) {
        this.#close({ error });
      }
    }
  }

  #steady(): void {
    this.#breaks = 0;
    this.#attempts.progressed();
  }

  /**
   * Some brokers (MQTT 3.1.1; Mosquitto 2.0) do not say that another client has taken over a session. Two that take it from
   * each other would go on for ever: the first of them to notice leaves.
   */
  #judge(failure: unknown, { isResumed }: Connection): unknown {
    const isSilent = failure instanceof ConnectionFailure && failure.isSilent;
    this.#breaks = isSilent && isResumed && this.#parts.name !== undefined ? this.#breaks + 1 : 0;
    return this.#breaks < CONTESTED ? failure : refusal("it ended the connection again and again", TAKEN_OVER);
  }

  async #listen(): Promise<void> {
    const { signal } = this.#closing;
    for (;;) {
      try {
        await this.#connect();
        return;
      } catch (error) {
        this.#breaks = 0;
        await this.#attempts.pause(error, signal);
      }
    }
  }

  async #connect(): Promise<void> {
    const { settings, dialer, group } = this.#parts;
    const { signal } = this.#closing;
    const inbox = new Inbox({ room: this.#room, keepAliveS: settings.keepAliveS }, (arrival) => this.#arrive(arrival));
    const connection = await dialer.dial(this.#caller(inbox), signal);
    try {
      if (group !== undefined && connection.version === 4) {
        throw new InvalidArgumentError(
          `Cannot subscribe to the stream ${this.#parts.address} with a \`group\`: its broker speaks MQTT 3.1.1, in which subscribers cannot share. Use a broker that speaks MQTT 5, such as Mosquitto.`,
        );
      }
      inbox.use(connection);
      this.#tellOfSession(connection);
      // Those of an older connection come again, with a session; without one they are here alone.
      if (connection.isResumed) {
        this.#inbox?.close();
        this.#arrivals.filter((arrival) => arrival.inbox === inbox);
      }
      const subscribed = connection.subscribe(
        group === undefined ? settings.topic : `$share/${group}/${settings.topic}`,
      );
      // The answer comes after all that was kept, and may have to wait until some of it is acknowledged.
      if (connection.isResumed) subscribed.catch((error: ConnectionFailure) => connection.fail(error));
      else await subscribed;
      signal.throwIfAborted();
    } catch (error) {
      inbox.close();
      connection.destroy();
      throw error;
    }
    this.#inbox = inbox;
    this.#connection = connection;
    this.#wasConnected = true;
  }

  #caller(inbox: Inbox): Caller {
    const { name, settings } = this.#parts;
    return {
      clientId: this.#clientId,
      receiveMaximum: this.#room,
      onMessage: (packet, release) => inbox.take(packet, release),
      session: (version) => {
        if (name !== undefined) return { isClean: false, sessionExpiryS: settings.sessionExpiryS };
        // A session bridges a lost connection. In 3.1.1 one would stay behind for ever.
        if (version === 4) return { isClean: true, sessionExpiryS: 0 };
        return { isClean: !this.#wasConnected, sessionExpiryS: Math.ceil(settings.reconnectMs / 1000) };
      },
    };
  }

  #tellOfSession({ isResumed, version }: Connection): void {
    const { address, log, name } = this.#parts;
    const facts = { address, name, clientId: this.#clientId, version, isResumed };
    if (!this.#wasConnected || isResumed) log.info(facts, "listening");
    else log.warn(facts, "the broker has lost the session: messages may be missing, and are not told of here");
  }

  #arrive(arrival: Arrival): void {
    this.#arrivals.push(arrival);
    this.#wake?.();
  }

  #deliver(arrival: Arrival): Delivery {
    let isDone = false;
    this.#delivered++;
    return {
      payload: arrival.payload,
      isRepeated: arrival.isRepeated,
      acknowledge: () => {
        if (isDone || this.#end !== undefined) return;
        isDone = true;
        this.#delivered--;
        arrival.inbox.done(arrival);
        this.#wake?.();
      },
    };
  }
}

/** The same for every subscriber of a name, wherever it runs: the broker knows the session by it, and what it is subscribed to. */
function clientIdOf({ settings: { clientId, topic }, name, group }: SubscriptionParts): string {
  if (name === undefined) return `${clientId}-${randomUUID()}`;
  const digest = createHash("sha256")
    .update(JSON.stringify([name, topic, group ?? null]))
    .digest("hex");
  return `${clientId}-${name.replaceAll(/[^\w.-]/g, "_").slice(0, 64)}-${digest.slice(0, 12)}`;
}
