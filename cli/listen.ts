import type { Delivery, EventStream, StreamLag, SubscribeOptions, Subscription } from "../core/index.ts";

/** Begins to listen; the signal ends the attempt, and not the subscription: what has come can be acknowledged still. */
export async function listen(
  stream: EventStream,
  { signal, ...options }: SubscribeOptions & { readonly signal: AbortSignal },
): Promise<Subscription> {
  const attempt = new AbortController();
  const onAbort = (): void => attempt.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await stream.subscribe({ ...options, signal: attempt.signal });
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** The first messages of a subscription; more of them are left where they are. */
export function firstOf(subscription: Subscription, count: number): Subscription {
  return {
    get lag(): StreamLag {
      return subscription.lag;
    },
    async *[Symbol.asyncIterator](): AsyncGenerator<Delivery, void, undefined> {
      let left = count;
      for await (const delivery of subscription) {
        yield delivery;
        if (--left === 0) return;
      }
    },
    [Symbol.asyncDispose]: async () => await subscription[Symbol.asyncDispose](),
  };
}
