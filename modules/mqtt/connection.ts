import type { Socket } from "node:net";
import type { IClientOptions, IConnackPacket, IPublishPacket, MqttClient } from "mqtt";
import { ConnectionFailure, refusal, socketFailure } from "./failure.ts";
import { TOO_LARGE } from "./reason-codes.ts";

/** What a broker is told when a connection begins. */
export interface Greeting {
  readonly version: 4 | 5;
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly keepAliveS: number;
  readonly connectMs: number;
  /** Whether an older session of the same client is forgotten. */
  readonly isClean: boolean;
  /** How long the session lives without a connection, s; MQTT 5 only. */
  readonly sessionExpiryS: number;
  /** Most messages that the broker may send without acknowledgement; MQTT 5 only. */
  readonly receiveMaximum: number | undefined;
  /** A message has come. The next one is read when `release` is called; that acknowledges nothing. */
  readonly onMessage: (packet: IPublishPacket, release: () => void) => void;
}

/** So long a broker may take to end a connection that is done with, ms. */
const FAREWELL_MS = 2000;

/** One connection to a broker, from its greeting to its loss. It is never mended: a new one takes its place. */
export class Connection {
  readonly version: 4 | 5;
  /** Whether the broker knew the client. */
  readonly isResumed: boolean;
  /** Most messages that may be on their way to the broker. */
  readonly receiveMaximum: number;
  /** Largest packet that the broker takes, in bytes. */
  readonly maximumPacketSize: number;
  /** Whether the broker confirms messages. */
  readonly confirms: boolean;
  /** Resolves when it is lost. */
  readonly lost: Promise<ConnectionFailure>;
  readonly #client: MqttClient;
  readonly #socket: Socket;
  readonly #fail: (reason: ConnectionFailure) => void;

  constructor(
    client: MqttClient,
    socket: Socket,
    facts: {
      readonly version: 4 | 5;
      readonly connack: IConnackPacket;
      readonly lost: Promise<ConnectionFailure>;
      readonly fail: (reason: ConnectionFailure) => void;
    },
  ) {
    const { properties, sessionPresent } = facts.connack;
    this.version = facts.version;
    this.isResumed = sessionPresent;
    this.receiveMaximum = properties?.receiveMaximum ?? 65_535;
    this.maximumPacketSize = properties?.maximumPacketSize ?? 268_435_460;
    this.confirms = properties?.maximumQoS !== 0;
    this.lost = facts.lost;
    this.#client = client;
    this.#socket = socket;
    this.#fail = facts.fail;
  }

  /** @throws {@link ConnectionFailure} */
  async subscribe(filter: string): Promise<void> {
    // What is retained is no event that happens now. 3.1.1 does not know the option, and sends it.
    const options = { qos: 1 as const, rh: 2 };
    const answer = new Promise<number>((resolve, reject) => {
      this.#client.subscribe(filter, options, (error, _granted, packet) => {
        const code = packet?.granted[0];
        if (typeof code === "number") resolve(code);
        else reject(new ConnectionFailure(error?.message ?? "it does not answer a subscription", { cause: error }));
      });
    });
    const code = await Promise.race([answer, this.lost.then((failure) => Promise.reject(failure))]);
    if (code === 1) return;
    if (code >= 128) throw refusal("it refuses the subscription", code);
    const problem = `it grants quality of service ${code}, which may lose messages; 1 is needed`;
    throw new ConnectionFailure(problem, { isLasting: true, reasonCode: 155 });
  }

  /** @param done - Called once, unless the connection is lost before; `reasonCode` where the broker refuses. */
  publish(topic: string, payload: Buffer, isRepeated: boolean, done: (reasonCode: number | undefined) => void): void {
    this.#client.publish(topic, payload, { qos: 1, dup: isRepeated }, (error) => {
      const code = (error as { readonly code?: unknown } | undefined)?.code;
      if (!error) done(undefined);
      else if (typeof code === "number") done(code);
    });
  }

  /** Sends packets that are written already. */
  send(packets: Buffer): void {
    if (this.#socket.writable) this.#socket.write(packets);
  }

  /** Tells the broker that the client lives, and expects no answer: for as long as nothing is read. */
  ping(): void {
    if (!this.#socket.writable) return;
    this.#client.sendPing();
    this.#client.reschedulePing(true);
  }

  /** Takes leave, so that the broker has read all that was sent. */
  async close({ endsSession }: { readonly endsSession: boolean }): Promise<void> {
    const timer = setTimeout(() => this.#socket.destroy(), FAREWELL_MS);
    const properties = endsSession && this.version === 5 ? { properties: { sessionExpiryInterval: 0 } } : {};
    this.#client.end(false, properties);
    await this.lost;
    clearTimeout(timer);
  }

  /** Breaks it off, for a reason. */
  fail(reason: ConnectionFailure): void {
    this.#fail(reason);
  }

  /** Breaks it off. */
  destroy(): void {
    this.#socket.destroy();
  }
}

/**
 * Greets a broker.
 *
 * mqtt.js speaks the protocol; what it would do beside that is off: connecting again, subscribing again, and
 * acknowledging. An error in the callback of `handleMessage` keeps it from sending a PUBACK, and it goes on to read.
 *
 * @throws {@link ConnectionFailure}; the signal's reason.
 */
export async function greet(
  { mqtt, socket, signal }: { readonly mqtt: typeof import("mqtt"); socket: Socket; readonly signal: AbortSignal },
  greeting: Greeting,
): Promise<Connection> {
  const { version } = greeting;
  const client = new mqtt.MqttClient(() => socket, clientOptions(greeting));
  const { onMessage } = greeting;
  client.handleMessage = (packet, callback) => onMessage(packet, () => callback(NOT_YET));
  let last: ConnectionFailure | undefined;
  const fail = (reason: ConnectionFailure): void => {
    last ??= reason;
    socket.destroy();
  };
  const lost = new Promise<ConnectionFailure>((resolve) => {
    client.on("disconnect", ({ reasonCode }) => {
      if (reasonCode !== undefined && reasonCode > 0) last ??= refusal("it ended the connection", reasonCode);
    });
    client.on("error", (error) => fail(protocolFailure(error)));
    client.on("close", () => resolve(last ?? new ConnectionFailure("it closed the connection", { isSilent: true })));
  });
  const onAbort = (): void => void socket.destroy();
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    const connected = new Promise<IConnackPacket>((resolve) => client.once("connect", resolve));
    const connack = await Promise.race([connected, lost]);
    signal.throwIfAborted();
    if (connack instanceof ConnectionFailure) throw connack;
    return new Connection(client, socket, { version, connack, lost, fail });
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

const NOT_YET = new Error("acknowledged later");

function clientOptions(greeting: Greeting): IClientOptions {
  const { version, clientId, username, password, keepAliveS, connectMs, isClean } = greeting;
  const { sessionExpiryS, receiveMaximum } = greeting;
  return {
    protocolVersion: version,
    clientId,
    clean: isClean,
    keepalive: keepAliveS,
    connectTimeout: connectMs,
    reconnectPeriod: 0,
    resubscribe: false,
    // Without this it formats a message for each packet, and throws it away.
    log: () => undefined,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(version === 5 && {
      properties: {
        sessionExpiryInterval: sessionExpiryS,
        ...(receiveMaximum !== undefined && { receiveMaximum }),
      },
    }),
  };
}

/** What mqtt.js tells: a refused greeting, a packet that cannot be read, or an error of the socket. */
function protocolFailure(error: Error): ConnectionFailure {
  const { code } = error as { readonly code?: unknown };
  // Mosquitto answers a message that is too large so, which a PUBACK may not (MQTT 5, section 3.4.2.1), and hangs up.
  if (/puback reason code/i.test(error.message)) return refusal("it refuses a message", TOO_LARGE);
  if (typeof code === "number") return refusal("it refuses the client", code);
  return socketFailure(error);
}
