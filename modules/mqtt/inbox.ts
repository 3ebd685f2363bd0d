import type { IPublishPacket } from "mqtt";
import { Acknowledgements, type Receipt } from "./acknowledgements.ts";
import type { Connection } from "./connection.ts";

/** A message that has come over a connection. */
export interface Arrival {
  readonly payload: Uint8Array;
  readonly isRepeated: boolean;
  readonly inbox: Inbox;
  /** `undefined` where the broker wants none: a message of quality 0. */
  readonly receipt: Receipt | undefined;
}

/**
 * The messages of one connection that are not acknowledged: at most so many. A broker that sends more (MQTT 3.1.1
 * knows no window) is not read until there is room; meanwhile it is told that we live.
 */
export class Inbox {
  readonly #acknowledgements: Acknowledgements;
  readonly #room: number;
  readonly #keepAliveS: number;
  readonly #onArrival: (arrival: Arrival) => void;
  readonly #early: Buffer[] = [];
  #connection: Connection | undefined;
  #isClosed: boolean = false;
  #isLost: boolean = false;
  #held: { readonly packet: IPublishPacket; readonly release: () => void } | undefined;
  #pings: NodeJS.Timeout | undefined;
  /** Of quality 0 and not done with: they take room, too. */
  #unreceipted = 0;

  constructor(
    { room, keepAliveS }: { readonly room: number; readonly keepAliveS: number },
    onArrival: (arrival: Arrival) => void,
  ) {
    this.#room = room;
    this.#keepAliveS = keepAliveS;
    this.#onArrival = onArrival;
    this.#acknowledgements = new Acknowledgements((packets) => {
      if (this.#connection) this.#connection.send(packets);
      else this.#early.push(packets);
    });
  }

  /** From now on acknowledgements are sent: a session that is resumed delivers before the connection is made known. */
  use(connection: Connection): void {
    this.#connection = connection;
    void connection.lost.then(() => {
      this.#isLost = true;
      clearInterval(this.#pings);
    });
    for (const packets of this.#early.splice(0)) connection.send(packets);
  }

  take(packet: IPublishPacket, release: () => void): void {
    if (this.#isClosed) release();
    else if (this.#hasRoom()) this.#accept(packet, release);
    else {
      this.#held = { packet, release };
      if (!this.#isLost) this.#pings = setInterval(() => this.#connection?.ping(), this.#keepAliveS * 500);
    }
  }

  /** The subscriber is done with it. */
  done({ receipt }: Arrival): void {
    if (receipt) this.#acknowledgements.done(receipt);
    else this.#unreceipted--;
    if (this.#held && this.#hasRoom()) this.#letIn();
  }

  /** Nothing more is taken in. What is on its way is read and dropped, so that the connection can end. */
  close(): void {
    this.#acknowledgements.finish();
    this.#isClosed = true;
    clearInterval(this.#pings);
    this.#held?.release();
    this.#held = undefined;
  }

  #hasRoom(): boolean {
    return this.#acknowledgements.open + this.#unreceipted < this.#room;
  }

  #letIn(): void {
    const held = this.#held;
    clearInterval(this.#pings);
    this.#held = undefined;
    if (held) this.#accept(held.packet, held.release);
  }

  #accept({ payload, messageId, dup, retain }: IPublishPacket, release: () => void): void {
    const receipt = messageId === undefined ? undefined : this.#acknowledgements.add(messageId);
    if (!receipt) this.#unreceipted++;
    // A copy: a piece of what came from the socket would keep all of it, and be shared.
    const arrival = { payload: new Uint8Array(payload as Buffer), isRepeated: dup, inbox: this, receipt };
    // It was published before anybody listened, and comes to every new subscriber.
    if (retain) this.done(arrival);
    else this.#onArrival(arrival);
    release();
  }
}
