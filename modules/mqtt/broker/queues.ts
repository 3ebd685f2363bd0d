import { Readable } from "node:stream";
import type { Aedes, AedesPublishPacket, PublishPacket } from "aedes";
import type { Log } from "../../../core/index.ts";

/** What a message in a queue costs beside its bytes [B], so that empty messages fill it too. */
const OVERHEAD_BYTES = 256;
/** What may be on its way to subscribers that are connected [B]. */
const TRANSIT_BYTES = 16 * 2 ** 20;
/** A subscriber that is connected and acknowledges nothing for so long is put out, ms. */
const STALLED_MS = 60_000;

interface Addressee {
  readonly clientId: string;
}
interface Client {
  readonly id: string;
}

/** What is used here of the store of aedes, which its types leave out. */
interface Store {
  outgoingEnqueueCombi(addressees: readonly Addressee[], packet: AedesPublishPacket): Promise<void>;
  outgoingClearMessageId(client: Client, packet: AedesPublishPacket): Promise<AedesPublishPacket | undefined>;
  outgoingStream(client: Client): Readable;
}

/**
 * Keeps within bounds what aedes holds for subscribers. It would store without end: now publishers wait for a subscriber
 * that is connected, and one that is not loses what has no room.
 */
export class Queues {
  readonly #isHere: (clientId: string) => boolean;
  readonly #limit: number;
  readonly #log: Log;
  readonly #bytes = new Map<string, number>();
  readonly #dropped = new Map<string, number>();
  /** Admitted, and not yet written to the sockets of all subscribers. */
  readonly #inTransit = new Map<PublishPacket, string>();
  #transitBytes = 0;
  #turn: Promise<void> = Promise.resolve();
  #wake: (() => void) | undefined;

  /** @param parts - `queueBytes`: room of one subscriber [B]; `isHere`: whether a client is connected. */
  constructor(parts: {
    readonly queueBytes: number;
    readonly log: Log;
    readonly isHere: (clientId: string) => boolean;
  }) {
    this.#isHere = parts.isHere;
    this.#limit = parts.queueBytes;
    this.#log = parts.log;
  }

  /** Steps in between a broker and its store. */
  watch(broker: Aedes): void {
    const { persistence: store } = broker as unknown as { readonly persistence: Store };
    const enqueue = store.outgoingEnqueueCombi.bind(store);
    const clear = store.outgoingClearMessageId.bind(store);
    const stream = store.outgoingStream.bind(store);
    store.outgoingEnqueueCombi = (addressees, packet) =>
      enqueue(
        addressees.filter(({ clientId }) => this.#admit(clientId, packet)),
        packet,
      );
    store.outgoingClearMessageId = async (client, packet) => {
      const cleared = await clear(client, packet);
      if (cleared) this.#add(client.id, -costOf(cleared));
      return cleared;
    };
    // aedes forgets to say that a message was sent before ([MQTT-3.3.1-1]).
    store.outgoingStream = (client) => Readable.from(withRepeated(stream(client)));
  }

  /**
   * A message may be taken from its publisher. One after another, in their order.
   *
   * @param putOut - Called with a subscriber that stands in the way for too long.
   */
  admit(packet: PublishPacket, publisher: Client | null, putOut: (clientId: string) => void): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      while (this.#transitBytes >= TRANSIT_BYTES || this.#full() !== undefined) await this.#change(putOut);
      // Of one that is gone by now, nobody would say that it was delivered.
      if (publisher === null || !this.#isHere(publisher.id)) return;
      this.#inTransit.set(packet, publisher.id);
      this.#transitBytes += costOf(packet);
    });
    return this.#turn;
  }

  /** A message is with all subscribers that are connected. */
  delivered(packet: PublishPacket): void {
    if (!this.#inTransit.delete(packet)) return;
    this.#transitBytes -= costOf(packet);
    this.#wake?.();
  }

  /** A client has left. What it was publishing may never be delivered. */
  left(clientId: string): void {
    for (const [packet, publisher] of this.#inTransit) if (publisher === clientId) this.delivered(packet);
    this.#wake?.();
  }

  /** A subscriber is back: what it lost is told. */
  tellLosses(clientId: string): void {
    const messages = this.#dropped.get(clientId);
    if (messages === undefined) return;
    this.#dropped.delete(clientId);
    this.#log.warn(
      { clientId, messages },
      "messages had no room while nobody listened, and are lost to this subscriber",
    );
  }

  async #change(putOut: (clientId: string) => void): Promise<void> {
    const full = this.#full();
    const timer = full === undefined ? undefined : setTimeout(() => putOut(full), STALLED_MS);
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    clearTimeout(timer);
  }

  #full(): string | undefined {
    for (const [clientId, bytes] of this.#bytes) {
      if (bytes >= this.#limit && this.#isHere(clientId)) return clientId;
    }
    return undefined;
  }

  #admit(clientId: string, packet: AedesPublishPacket): boolean {
    if (!this.#isHere(clientId) && (this.#bytes.get(clientId) ?? 0) >= this.#limit) {
      const dropped = this.#dropped.get(clientId) ?? 0;
      if (dropped === 0) this.#log.warn({ clientId }, "a subscriber that is away has no room left: its queue is full");
      this.#dropped.set(clientId, dropped + 1);
      return false;
    }
    this.#add(clientId, costOf(packet));
    return true;
  }

  #add(clientId: string, bytes: number): void {
    const now = (this.#bytes.get(clientId) ?? 0) + bytes;
    if (now > 0) this.#bytes.set(clientId, now);
    else this.#bytes.delete(clientId);
    if (bytes < 0) this.#wake?.();
  }
}

function costOf({ payload }: PublishPacket): number {
  return payload.length + OVERHEAD_BYTES;
}

async function* withRepeated(packets: Readable): AsyncGenerator<AedesPublishPacket> {
  for await (const packet of packets as AsyncIterable<AedesPublishPacket>) {
    // It has an identifier once it was sent.
    if (packet.messageId !== undefined) packet.dup = true;
    yield packet;
  }
}
