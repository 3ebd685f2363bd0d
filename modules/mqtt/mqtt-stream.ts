import {
  type EventStream,
  InvalidArgumentError,
  type Log,
  type Startable,
  StreamClosedError,
  StreamRefusedError,
  type SubscribeOptions,
  type Subscription,
} from "../../core/index.ts";
import type { MqttBroker } from "./broker/contract.ts";
import { Dialer } from "./dialer.ts";
import type { MqttSettings } from "./options.ts";
import { Publisher } from "./publisher.ts";
import { LARGEST_WINDOW, MqttSubscription } from "./subscription.ts";

const DEFAULT_WINDOW = 1000;

/** Events at a topic of an MQTT broker. Connects when it is first used. */
export class MqttStream implements EventStream, Startable {
  /** A broker forgets what every subscriber has acknowledged. */
  readonly keeps: boolean = false;
  readonly #settings: MqttSettings;
  readonly #log: Log;
  readonly #dialer: Dialer;
  readonly #subscriptions = new Map<MqttSubscription, string | undefined>();
  #publisher: Publisher | undefined;
  #isClosed: boolean = false;

  constructor(settings: MqttSettings, parts: { readonly broker: MqttBroker | undefined; readonly log: Log }) {
    this.#settings = settings;
    this.#log = parts.log;
    this.#dialer = new Dialer(settings, parts);
  }

  get address(): string {
    return `${this.#dialer.url}/${this.#settings.topic}`;
  }

  async publish(payload: Uint8Array, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    this.#check();
    const { topic } = this.#settings;
    if (/[+#]/.test(topic)) {
      throw new StreamRefusedError(
        `The stream ${this.address} does not take a message: "${topic}" stands for many topics, and can only be listened to. Give a stream a topic without "+" and "#" to publish.`,
      );
    }
    this.#publisher ??= new Publisher(this.#parts());
    await this.#publisher.publish(payload, options.signal);
  }

  async subscribe(options: SubscribeOptions = {}): Promise<Subscription> {
    const { name, group, signal, window = DEFAULT_WINDOW } = options;
    signal?.throwIfAborted();
    this.#check();
    this.#checkOptions(options);
    if (name !== undefined && [...this.#subscriptions.values()].includes(name)) {
      throw new StreamRefusedError(
        `Somebody listens to the stream ${this.address} under the name "${name}" already. Use another name, or end that subscription first.`,
      );
    }
    const subscription: MqttSubscription = new MqttSubscription({
      ...this.#parts(),
      ...{ name, group, window, signal },
      onEnd: () => this.#subscriptions.delete(subscription),
    });
    this.#subscriptions.set(subscription, name);
    await subscription.begin();
    return subscription;
  }

  /** Whoever publishes or listens is told that it has stopped. */
  async stop(): Promise<void> {
    this.#isClosed = true;
    const closed = this.#closed();
    const subscriptions = [...this.#subscriptions.keys()];
    await Promise.all([this.#publisher?.close(closed), ...subscriptions.map((each) => each.fail(closed))]);
  }

  #parts(): Pick<ConstructorParameters<typeof MqttSubscription>[0], "address" | "settings" | "dialer" | "log"> {
    return { address: this.address, settings: this.#settings, dialer: this.#dialer, log: this.#log };
  }

  #check(): void {
    if (this.#isClosed) throw this.#closed();
  }

  #closed(): StreamClosedError {
    return new StreamClosedError(`The stream ${this.address} has stopped, with its twin.`);
  }

  #checkOptions({ name, group, from = "now", window = DEFAULT_WINDOW }: SubscribeOptions): void {
    const refuse = (problem: string): never => {
      throw new InvalidArgumentError(`Cannot subscribe to the stream ${this.address}: ${problem}`);
    };
    if (!Number.isInteger(window) || window < 1 || window > LARGEST_WINDOW) {
      refuse(`\`window\` is ${window}; it must be a whole number from 1 to ${LARGEST_WINDOW}.`);
    }
    if (name === "" || group === "") refuse("`name` and `group` must not be empty.");
    if (group !== undefined && /[/+#\0]/.test(group))
      refuse(`\`group\` is "${group}"; it must have no "/", "+" or "#".`);
    if (group !== undefined && name === undefined) {
      refuse(
        "a `group` needs a `name` for each of its subscribers. Brokers drop what one without a name has not acknowledged when it leaves; what one with a name has not acknowledged waits for the next of that name.",
      );
    }
    if (from !== "now" && from !== "beginning")
      refuse(`\`from\` is ${JSON.stringify(from)}, not "now" or "beginning".`);
    if (from === "beginning") {
      refuse('it keeps nothing, so nobody can begin at the "beginning". Leave out `from`, or record the stream.');
    }
  }
}
