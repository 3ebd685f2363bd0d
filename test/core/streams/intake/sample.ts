import {
  type Adaptable,
  type Delivery,
  EventInvalidError,
  encodeEvent,
  type FeatureWindow,
  featureWindows,
  type Marks,
  type StreamEvent,
  type Subscription,
  type TakeEventsOptions,
  type TakenEvents,
  takeEvents,
} from "../../../../core/index.ts";

/** Width of windows [ns]. */
export const WINDOW_NS = 100n;

/** Three features of an event, and which of 70,000 counters it marks; those without `x` have none. */
export const adaptable: Pick<Adaptable, "features"> = {
  features: (events) => {
    const values = new Float64Array(events.length * 3);
    events.forEach(({ conditions: { x }, sequence, id }, i) => {
      if (x === undefined) throw new EventInvalidError("is missing", { path: "conditions.x" });
      values.set([x, Math.sqrt(x), Number(sequence) / 3 + Number(id)], 3 * i);
    });
    const timesNs = BigInt64Array.from(events, ({ timeNs }) => timeNs);
    return { count: events.length, values, timesNs, marks: marksOf(events) };
  },
};

/** Some mark none, others neighbours, and some that are far from each other. */
function marksOf(events: readonly StreamEvent[]): Marks {
  const lists = events.map(({ sequence, source }) => {
    const first = (Number(sequence) * 37) % 50;
    const all = [first, first + 1, first + 129 + source.length, 20_000 + first, 69_999];
    return all.slice(0, Number(sequence % 6n));
  });
  const offsets = new Uint32Array(lists.length + 1);
  lists.forEach(({ length }, i) => {
    offsets[i + 1] = (offsets[i] as number) + length;
  });
  return { offsets, counters: Uint32Array.from(lists.flat()) };
}

/** An event that is a function of its source and its sequence. */
export function eventOf(source: string, sequence: number, conditions?: Readonly<Record<string, number>>): StreamEvent {
  // Times within a source are not quite in order.
  const timeNs = BigInt(1000 + 10 * sequence + ((sequence * 7) % 5));
  const x = sequence + (source.codePointAt(source.length - 1) ?? 0) / 7;
  return {
    source,
    sequence: BigInt(sequence),
    id: BigInt(sequence) * 3n,
    run: "",
    timeNs,
    conditions: conditions ?? { x },
    tensors: {},
  };
}

/** Events of sources, one after another by turns. */
export function eventsOf(sources: readonly string[], count: number): readonly StreamEvent[] {
  return Array.from({ length: count }, (_, i) => sources.map((source) => eventOf(source, i))).flat();
}

export function messagesOf(events: readonly StreamEvent[]): readonly Uint8Array[] {
  return events.map(encodeEvent);
}

/** A subscription to some messages, which ends after them, and knows which were acknowledged. */
export class Messages implements Subscription {
  readonly acknowledged: Set<number> = new Set();
  readonly lag = { unacknowledged: 0 };
  readonly #payloads: readonly Uint8Array[];
  readonly #onAcknowledged: (place: number) => void;
  readonly #after: () => Promise<void>;
  #isDisposed: boolean = false;

  /** @param after - Awaited when all messages were given. */
  constructor(
    payloads: readonly Uint8Array[],
    {
      onAcknowledged = () => undefined,
      after = async () => undefined,
    }: { onAcknowledged?: (place: number) => void; after?: () => Promise<void> } = {},
  ) {
    this.#payloads = payloads;
    this.#onAcknowledged = onAcknowledged;
    this.#after = after;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Delivery, void, undefined> {
    for (const [place, payload] of this.#payloads.entries()) {
      if (this.#isDisposed) return;
      const acknowledge = (): void => {
        if (this.#isDisposed) throw new Error("an acknowledgement after the end has no effect");
        this.acknowledged.add(place);
        this.#onAcknowledged(place);
      };
      yield { payload, isRepeated: false, acknowledge };
    }
    await this.#after();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
  }
}

/** Takes messages into a folder. */
export async function take(
  payloads: readonly Uint8Array[],
  folder: string,
  options: Partial<TakeEventsOptions> = {},
): Promise<TakenEvents> {
  return await takeEvents(new Messages(payloads), { adaptable, folder, batchEvents: 7, ...options });
}

/** All rows, as texts that show every bit. */
export async function rowsIn(folders: string | readonly string[]): Promise<readonly string[]> {
  const rows: string[] = [];
  for await (const window of featureWindows(folders, { windowNs: WINDOW_NS })) rows.push(...rowsOf(window));
  return rows;
}

export function rowsOf({
  rows: { count, columns, sources, sequences, ids, timesNs, values, marks },
}: FeatureWindow): string[] {
  const bits = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return Array.from({ length: count }, (_, i) => {
    const features = bits.toString("hex", 8 * columns * i, 8 * columns * (i + 1));
    const marked = marks?.counters.subarray(marks.offsets[i], marks.offsets[i + 1]);
    return `${timesNs[i]} ${sources[i]} ${sequences[i]} ${ids[i]} ${features} ${marked?.join()}`;
  });
}

/** The rows that events should give. */
export function expectedRows(events: readonly StreamEvent[]): readonly string[] {
  const { values, timesNs, marks } = adaptable.features(events);
  const rows = {
    marks,
    count: events.length,
    columns: 3,
    values,
    timesNs,
    sources: events.map(({ source }) => source),
    sequences: BigUint64Array.from(events, ({ sequence }) => sequence),
    ids: BigUint64Array.from(events, ({ id }) => id),
  };
  const texts = rowsOf({ startNs: 0n, widthNs: WINDOW_NS, rows });
  const order = events.map((event, i) => ({ event, text: texts[i] as string }));
  order.sort(({ event: a }, { event: b }) => {
    if (a.timeNs !== b.timeNs) return a.timeNs < b.timeNs ? -1 : 1;
    if (a.source !== b.source) return a.source < b.source ? -1 : 1;
    return Number(a.sequence - b.sequence);
  });
  return order.map(({ text }) => text);
}
