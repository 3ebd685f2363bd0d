import type { Delivery, EventStream, SubscribeOptions, Subscription } from "../../../core/index.ts";

/** A fault, and a case that must notice it. */
export interface BrokenEventStream {
  readonly fault: string;
  /** Name of a case that fails. */
  readonly noticedBy: string;
  breaks(sound: EventStream): Partial<EventStream>;
}

/** One per promise that is easily broken, each put into the stream in memory. */
export const brokenEventStreams: readonly BrokenEventStream[] = [
  {
    fault: "tells its password",
    noticedBy: "says where it is",
    breaks: () => ({ address: "mqtt://reader:secret@broker:1883/ecal" }),
  },
  {
    fault: "swaps two messages",
    noticedBy: "delivers the messages of one publisher in their order",
    breaks: delivering(async function* (deliveries) {
      let held: Delivery | undefined;
      let count = 0;
      for await (const delivery of deliveries) {
        if (++count === 7) held = delivery;
        else yield delivery;
        if (count === 8 && held) yield held;
      }
    }),
  },
  {
    fault: "loses empty messages",
    noticedBy: "delivers the very bytes: none, one, all values, a megabyte",
    breaks: (sound) => ({
      publish: async (payload, options) => (payload.length === 0 ? undefined : await sound.publish(payload, options)),
    }),
  },
  {
    fault: "takes bytes for text",
    noticedBy: "delivers the very bytes: none, one, all values, a megabyte",
    breaks: changing((delivery) => ({ ...delivery, payload: Buffer.from(Buffer.from(delivery.payload).toString()) })),
  },
  {
    fault: "gives all the same memory",
    noticedBy: "gives each subscriber payloads of its own",
    breaks: sharingMemory,
  },
  {
    fault: "knows no window",
    noticedBy: "delivers no more than the window without an acknowledgement, and goes on with each",
    breaks: asking(({ window: _window, ...options }) => options),
  },
  {
    fault: "counts every acknowledgement",
    noticedBy: "takes an acknowledgement twice as once",
    breaks: countingTwice,
  },
  {
    fault: "forgets what is unacknowledged",
    noticedBy: "tells how far a subscriber is behind",
    breaks: subscribing((subscription) => ({ ...plain(subscription), lag: { unacknowledged: 0 } })),
  },
  {
    fault: "takes any window",
    noticedBy: "refuses a window that is none",
    breaks: asking(({ window, ...options }) => ({
      ...options,
      window: Number(window) >= 1 ? Math.ceil(Math.min(Number(window), 100)) : 1000,
    })),
  },
  {
    fault: "goes on when it is disposed of",
    noticedBy: "ends when it is disposed of, also while a message is awaited",
    breaks: subscribing((subscription) => ({ ...plain(subscription), [Symbol.asyncDispose]: async () => undefined })),
  },
  {
    fault: "hears no signal once it has subscribed",
    noticedBy: "ends with the reason of a signal, also while a message is awaited",
    breaks: (sound) => ({
      subscribe: async ({ signal, ...options } = {}) => {
        signal?.throwIfAborted();
        return await sound.subscribe(options);
      },
    }),
  },
  {
    fault: "hears no signal that came before",
    noticedBy: "does not subscribe for a signal that is aborted already",
    breaks: asking(({ signal, ...options }) => ({ ...options, ...(signal?.aborted === false && { signal }) })),
  },
  {
    fault: "ends quietly when it stops",
    noticedBy: "says to all who listen, and to all who come later, that it has stopped",
    breaks: delivering(async function* (deliveries) {
      try {
        for await (const delivery of deliveries) yield delivery;
      } catch (error) {
        if ((error as { readonly code?: unknown }).code !== "TWIN_STREAM_CLOSED") throw error;
      }
    }),
  },
  {
    fault: "says that it keeps, and does not",
    noticedBy: "begins at the beginning if it keeps what was published, and refuses to if not",
    breaks: (sound) => ({
      keeps: true,
      subscribe: async ({ from: _from, ...options } = {}) => await sound.subscribe(options),
    }),
  },
  {
    fault: "forgets its names",
    noticedBy: "delivers to the next of a name what was not acknowledged, and says that it is repeated",
    breaks: asking(({ name: _name, ...options }) => options),
  },
  {
    fault: "says of nothing that it is repeated",
    noticedBy: "delivers to the next of a name what was not acknowledged, and says that it is repeated",
    breaks: changing((delivery) => ({ ...delivery, isRepeated: false })),
  },
  {
    fault: "hears no acknowledgement",
    noticedBy: "does not deliver again what was acknowledged",
    breaks: changing((delivery) => ({ ...delivery, acknowledge: () => undefined })),
  },
  {
    fault: "acknowledges what it delivers",
    noticedBy: "lets one acknowledge after it has left the loop, until the subscription is disposed of",
    breaks: changing((delivery) => {
      delivery.acknowledge();
      return delivery;
    }),
  },
  {
    fault: "has many of one name",
    noticedBy: "has one listener of a name at a time: a second is refused, or takes over",
    breaks: (sound) => ({
      subscribe: async (options = {}) =>
        await sound.subscribe(options).catch((error: unknown) => {
          if ((error as { readonly code?: unknown }).code !== "TWIN_STREAM_REFUSED") throw error;
          return sound.subscribe({ ...options, name: undefined });
        }),
    }),
  },
  {
    fault: "keeps nothing for a name while nobody listens",
    noticedBy: "keeps for a name what is published while nobody listens under it, and for nobody else",
    breaks: forgettingTheAbsent,
  },
  {
    fault: "gives every message to all of a group",
    noticedBy: "gives each message to one of a group",
    breaks: asking(({ group: _group, ...options }) => options),
  },
  {
    fault: "drops what one of a group held that left",
    noticedBy: "hands on to the others of a group what one that leaves has not acknowledged",
    breaks: droppingWhatWasHeld,
  },
  {
    fault: "reads a message when it has time",
    noticedBy: "reads the bytes before `publish` returns its promise",
    breaks: (sound) => ({
      publish: async (payload, options) => {
        await Promise.resolve();
        await sound.publish(payload, options);
      },
    }),
  },
  {
    fault: "lets a later message overtake",
    noticedBy: "keeps the order of many that are published at once",
    breaks: (sound) => {
      let count = 0;
      return {
        publish: async (payload, options) => {
          if (++count % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
          await sound.publish(payload, options);
        },
      };
    },
  },
  {
    fault: "has one group for all",
    noticedBy: "gives every message to each subscriber",
    breaks: asking((options) => (options.name === undefined ? { ...options, group: "all" } : options)),
  },
  {
    fault: "begins with what was published before",
    noticedBy: "publishes when nobody listens, and begins with what is published after `subscribe`",
    breaks: beginningEarly,
  },
  {
    fault: "waits for those who have left",
    noticedBy: "publishes for others when a subscriber has left with messages that it did not acknowledge",
    breaks: waitingForThoseWhoLeft,
  },
  {
    fault: "publishes what was called off before",
    noticedBy: "publishes nothing for a signal that is aborted already",
    breaks: (sound) => ({ publish: async (payload) => await sound.publish(payload) }),
  },
  {
    fault: "never settles what is called off",
    noticedBy: "settles what is called off while it is published, and goes on",
    breaks: (sound) => ({
      publish: (payload, options) =>
        options?.signal && !options.signal.aborted ? new Promise(() => undefined) : sound.publish(payload, options),
    }),
  },
  {
    fault: "takes all that it is given",
    noticedBy: "holds back its publishers while a subscriber takes nothing, and loses nothing of what it took",
    breaks: (sound) => ({
      publish: async (payload, options) => {
        void sound.publish(payload, options).catch(() => undefined);
      },
    }),
  },
];

function subscribing(change: (subscription: Subscription) => Subscription): BrokenEventStream["breaks"] {
  return (sound) => ({ subscribe: async (options) => change(await sound.subscribe(options)) });
}

function asking(change: (options: SubscribeOptions) => SubscribeOptions): BrokenEventStream["breaks"] {
  return (sound) => ({ subscribe: async (options = {}) => await sound.subscribe(change(options)) });
}

function delivering(
  change: (deliveries: AsyncIterable<Delivery>) => AsyncIterator<Delivery>,
): BrokenEventStream["breaks"] {
  return subscribing((subscription) => ({
    ...plain(subscription),
    [Symbol.asyncIterator]: () => change(subscription),
  }));
}

function changing(change: (delivery: Delivery) => Delivery): BrokenEventStream["breaks"] {
  return delivering(async function* (deliveries) {
    for await (const delivery of deliveries) yield change(delivery);
  });
}

function sharingMemory(sound: EventStream): Partial<EventStream> {
  const memory = new Uint8Array(1 << 21);
  return changing((delivery) => {
    memory.set(delivery.payload);
    return { ...delivery, payload: memory.subarray(0, delivery.payload.length) };
  })(sound);
}

/** Each acknowledgement counts for the oldest that has none. */
function countingTwice(sound: EventStream): Partial<EventStream> {
  const held: Delivery[] = [];
  return changing((delivery) => {
    held.push(delivery);
    return { ...delivery, acknowledge: () => held.shift()?.acknowledge() };
  })(sound);
}

function droppingWhatWasHeld(sound: EventStream): Partial<EventStream> {
  return subscribing((subscription) => {
    const held: Delivery[] = [];
    return {
      ...plain(subscription),
      [Symbol.asyncIterator]: async function* () {
        for await (const delivery of subscription) {
          held.push(delivery);
          yield delivery;
        }
      },
      [Symbol.asyncDispose]: async () => {
        for (const delivery of held) delivery.acknowledge();
        await subscription[Symbol.asyncDispose]();
      },
    };
  })(sound);
}

function forgettingTheAbsent(sound: EventStream): Partial<EventStream> {
  let count = 0;
  return asking(({ name, ...options }) => (name === undefined ? options : { ...options, name: `${name} ${++count}` }))(
    sound,
  );
}

function beginningEarly(sound: EventStream): Partial<EventStream> {
  const past: Uint8Array[] = [];
  return {
    publish: async (payload, options) => {
      past.push(new Uint8Array(payload));
      await sound.publish(payload, options);
    },
    ...subscribing((subscription) => {
      const before = [...past];
      return {
        ...plain(subscription),
        [Symbol.asyncIterator]: async function* () {
          for (const payload of before) yield { payload, isRepeated: false, acknowledge: () => undefined };
          yield* subscription;
        },
      };
    })(sound),
  };
}

function waitingForThoseWhoLeft(sound: EventStream): Partial<EventStream> {
  let hasLeft = false;
  return {
    publish: (payload, options) => (hasLeft ? new Promise(() => undefined) : sound.publish(payload, options)),
    ...subscribing((subscription) => ({
      ...plain(subscription),
      [Symbol.asyncDispose]: async () => {
        hasLeft = true;
        await subscription[Symbol.asyncDispose]();
      },
    }))(sound),
  };
}

/** An object whose members can be replaced. */
function plain(subscription: Subscription): Subscription {
  return {
    get lag() {
      return subscription.lag;
    },
    [Symbol.asyncIterator]: () => subscription[Symbol.asyncIterator](),
    [Symbol.asyncDispose]: () => subscription[Symbol.asyncDispose](),
  };
}
