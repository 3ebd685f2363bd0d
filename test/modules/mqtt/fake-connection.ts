import type { IPublishPacket } from "mqtt";
import type { Connection } from "../../../modules/mqtt/connection.ts";
import type { Caller, Dialer } from "../../../modules/mqtt/dialer.ts";
import { ConnectionFailure } from "../../../modules/mqtt/failure.ts";
import { type MqttSettings, StreamOptionsSchema } from "../../../modules/mqtt/options.ts";
import { KeptLog } from "./shared.ts";

/** What is sent to a broker that is played by a test. */
interface Sent {
  readonly payload: Uint8Array;
  readonly done: (reasonCode: number | undefined) => void;
}

/** A connection to nowhere, which is lost when a test wants it. */
export class FakeConnection {
  readonly version = 5;
  readonly receiveMaximum = 65_535;
  readonly maximumPacketSize = 268_435_460;
  readonly confirms = true;
  readonly isResumed: boolean;
  readonly lost: Promise<ConnectionFailure>;
  readonly published: Sent[] = [];
  readonly acknowledged: number[] = [];
  lose: (failure: ConnectionFailure) => void = () => undefined;
  isEnded: boolean = false;

  constructor({ isResumed = false }: { readonly isResumed?: boolean } = {}) {
    this.isResumed = isResumed;
    this.lost = new Promise((resolve) => {
      this.lose = resolve;
    });
  }

  async subscribe(): Promise<void> {}

  publish(_topic: string, payload: Uint8Array, _isRepeated: boolean, done: Sent["done"]): void {
    this.published.push({ payload, done });
  }

  send(packets: Buffer): void {
    for (let at = 0; at < packets.length; at += 4) this.acknowledged.push(packets.readUInt16BE(at + 2));
  }

  ping(): void {}

  async close(): Promise<void> {
    this.destroy();
  }

  destroy(): void {
    this.isEnded = true;
    this.lose(new ConnectionFailure("a test ended it"));
  }

  /** As the parts of the module want it. */
  get asConnection(): Connection {
    return this as unknown as Connection;
  }
}

/** Gives one connection after the other, and tells who called. */
export function fakeDialer(connections: readonly FakeConnection[]): {
  readonly dialer: Dialer;
  readonly calls: { readonly caller: Caller; readonly signal: AbortSignal }[];
} {
  const calls: { readonly caller: Caller; readonly signal: AbortSignal }[] = [];
  const dial = async (caller: Caller, signal: AbortSignal): Promise<Connection> => {
    signal.throwIfAborted();
    const connection = connections[calls.length];
    calls.push({ caller, signal });
    if (!connection) throw new ConnectionFailure("there are no more connections", { isLasting: true });
    return connection.asConnection;
  };
  return { dialer: { dial } as unknown as Dialer, calls };
}

/** What the parts of a stream share. */
export function fakeParts(connections: readonly FakeConnection[]): {
  readonly address: string;
  readonly settings: MqttSettings;
  readonly log: KeptLog;
} & ReturnType<typeof fakeDialer> {
  const settings = StreamOptionsSchema.parse({ topic: "t", url: "mqtt://127.0.0.1:1" });
  return { address: "mqtt://127.0.0.1:1/t", settings, log: new KeptLog(), ...fakeDialer(connections) };
}

/** A message as it comes from a broker. */
export function packetOf(messageId: number, { dup = false }: { readonly dup?: boolean } = {}): IPublishPacket {
  return { cmd: "publish", topic: "t", qos: 1, dup, retain: false, messageId, payload: Buffer.of(messageId) };
}
