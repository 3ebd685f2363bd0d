import type { Subscriber } from "./subscriber.ts";

/** Where the messages of a subscription, a name or a group come from, in their order. */
export interface MessageFeed {
  /** Takes the next message; `undefined` while there is none, `"end"` after the last. Called one at a time. */
  next(): Uint8Array | "end" | undefined | Promise<Uint8Array | "end" | undefined>;
  /** Messages that {@link next} has not given, where that is known. */
  readonly waiting?: number;
  /** Somebody is done with a message, which {@link next} gave. */
  acknowledged?(payload: Uint8Array): void;
  /** Nobody listens any more, and nobody will. */
  close?(): void;
}

/** A message on its way to a subscriber. */
export interface Entry {
  readonly payload: Uint8Array;
  /** Its place in the order of the feed. */
  readonly place: number;
  isRepeated: boolean;
}

/** The messages of one subscriber, or of those who share a group or follow each other under a name. */
export class DeliveryQueue {
  readonly #feed: MessageFeed;
  readonly #members = new Set<Subscriber>();
  readonly #onEmpty: () => void;
  /** Given and not acknowledged by one that left; in order. */
  #returned: Entry[] = [];
  #places = 0;
  /** Delivered to members, or about to be. */
  #out = 0;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param onEmpty - Called when the last member has left. */
  constructor(feed: MessageFeed, onEmpty: () => void) {
    this.#feed = feed;
    this.#onEmpty = onEmpty;
  }

  get members(): ReadonlySet<Subscriber> {
    return this.#members;
  }

  get waiting(): number | undefined {
    const { waiting } = this.#feed;
    return waiting === undefined ? undefined : waiting + this.#returned.length;
  }

  join(member: Subscriber): void {
    this.#members.add(member);
  }

  /** One that has left hands back what it has not acknowledged. */
  leave(member: Subscriber, unacknowledged: Iterable<Entry>): void {
    if (!this.#members.delete(member)) return;
    for (const entry of unacknowledged) this.handBack(entry, { wasDelivered: true });
    if (this.#members.size === 0) this.#onEmpty();
    // One that waited for what this one held may be at the end now.
    else this.wake();
  }

  /** Takes the next message for a member, which acknowledges it or hands it back. */
  async take(): Promise<Entry | "end" | undefined> {
    // One after another: a feed may have to read, and places follow its order.
    const taking = this.#turn.then(async () => this.#returned.shift() ?? (await this.#next()));
    this.#turn = taking.catch(() => undefined);
    const entry = await taking;
    // What another member has not acknowledged may come back.
    if (entry === "end" && this.#out > 0 && this.#members.size > 1) return undefined;
    if (entry !== "end" && entry !== undefined) this.#out++;
    return entry;
  }

  handBack(entry: Entry, { wasDelivered }: { readonly wasDelivered: boolean }): void {
    entry.isRepeated ||= wasDelivered;
    this.#out--;
    const after = this.#returned.findIndex(({ place }) => place > entry.place);
    this.#returned.splice(after < 0 ? this.#returned.length : after, 0, entry);
    this.wake();
  }

  acknowledge({ payload }: Entry): void {
    this.#out--;
    this.#feed.acknowledged?.(payload);
    if (this.#out === 0 && this.#members.size > 1) this.wake();
  }

  /** There may be something to take. */
  wake(): void {
    for (const member of this.#members) member.wake();
  }

  /** Every member's iteration throws. */
  fail(error: unknown): void {
    for (const member of [...this.#members]) member.end({ error });
    this.close();
  }

  close(): void {
    this.#feed.close?.();
  }

  async #next(): Promise<Entry | "end" | undefined> {
    const payload = await this.#feed.next();
    if (payload === undefined || payload === "end") return payload;
    return { payload, place: this.#places++, isRepeated: false };
  }
}
