import type { SubscribeOptions, Subscription } from "../contracts/event-stream.ts";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { DeliveryQueue, type MessageFeed } from "./delivery-queue.ts";
import { StreamClosedError, StreamRefusedError } from "./errors.ts";
import { Subscriber } from "./subscriber.ts";

/** Window of a subscriber that names none. */
const DEFAULT_WINDOW = 1000;
/** What MQTT 5 can say of a window (Receive Maximum, OASIS standard, 3.1.2.11.3). */
const LARGEST_WINDOW = 65_535;

/** What {@link Subscriptions} are of. */
export interface SubscriptionsOptions {
  /** As the stream's. */
  readonly address: string;
  readonly keeps: boolean;
  /** Makes what a new subscriber, name or group is fed from. */
  feed(from: "now" | "beginning"): MessageFeed;
}

/**
 * Those who listen to a stream of this process: windows, names and groups, as `EventStream` has them. A stream gives it
 * feeds, and wakes it when there is more in one.
 */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #queues = new Set<DeliveryQueue>();
  readonly #shared = new Map<string, DeliveryQueue>();
  #isClosed: boolean = false;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /** @throws as `EventStream.subscribe` does. */
  subscribe(options: SubscribeOptions = {}): Subscription {
    options.signal?.throwIfAborted();
    this.check();
    const { window, from } = checkSubscribeOptions(options, this.#options);
    const queue = this.#queueOf(options, from);
    return new Subscriber(queue, { window, signal: options.signal });
  }

  /** @throws `TWIN_STREAM_CLOSED` */
  check(): void {
    if (this.#isClosed) throw closed(this.#options.address);
  }

  /** There is more in some feed. */
  wake(): void {
    for (const queue of this.#queues) queue.wake();
  }

  /** Iterating throws `TWIN_STREAM_CLOSED` from now on, and so does subscribing. */
  close(): void {
    this.#isClosed = true;
    for (const queue of [...this.#queues]) queue.fail(closed(this.#options.address));
    this.#queues.clear();
    this.#shared.clear();
  }

  #queueOf({ name, group }: SubscribeOptions, from: "now" | "beginning"): DeliveryQueue {
    const key = name === undefined ? group && `group ${group}` : `name ${name}`;
    const known = key === undefined ? undefined : this.#shared.get(key);
    if (known) {
      if (name === undefined || known.members.size === 0) return known;
      throw new StreamRefusedError(
        `Somebody listens to the stream ${this.#options.address} under the name "${name}" already. Use another name, or end that subscription first.`,
      );
    }
    const onEmpty = (): void => {
      if (name !== undefined) return;
      this.#queues.delete(queue);
      if (key !== undefined) this.#shared.delete(key);
      queue.close();
    };
    const queue = new DeliveryQueue(this.#options.feed(from), onEmpty);
    this.#queues.add(queue);
    if (key !== undefined) this.#shared.set(key, queue);
    return queue;
  }
}

/**
 * Checks how a subscriber wants to listen, for streams that can do all but a name and a group at once.
 *
 * @throws `TWIN_INVALID_ARGUMENT`
 */
function checkSubscribeOptions(
  { name, group, from = "now", window = DEFAULT_WINDOW }: SubscribeOptions,
  { address, keeps }: { readonly address: string; readonly keeps: boolean },
): { readonly window: number; readonly from: "now" | "beginning" } {
  const refuse = (problem: string): never => {
    throw new InvalidArgumentError(`Cannot subscribe to the stream ${address}: ${problem}`);
  };
  if (!Number.isInteger(window) || window < 1 || window > LARGEST_WINDOW) {
    refuse(`\`window\` is ${window}; it must be a whole number from 1 to ${LARGEST_WINDOW}.`);
  }
  if (name === "" || group === "") refuse("`name` and `group` must not be empty.");
  if (name !== undefined && group !== undefined) {
    refuse(
      "it takes a `name` or a `group`, not both. Leave out the name: a group hands on what one has not acknowledged.",
    );
  }
  if (from !== "now" && from !== "beginning") refuse(`\`from\` is ${JSON.stringify(from)}, not "now" or "beginning".`);
  if (from === "beginning" && !keeps) {
    refuse('it keeps nothing, so nobody can begin at the "beginning". Leave out `from`, or record the stream.');
  }
  return { window, from };
}

function closed(address: string): StreamClosedError {
  return new StreamClosedError(`The stream ${address} has stopped, with its twin.`);
}
