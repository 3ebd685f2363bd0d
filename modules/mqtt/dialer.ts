import { InvalidArgumentError, importOptional, type Log } from "../../core/index.ts";
import type { MqttBroker } from "./broker/contract.ts";
import { type Connection, type Greeting, greet } from "./connection.ts";
import { ConnectionFailure } from "./failure.ts";
import { openSocket } from "./open-socket.ts";
import type { MqttSettings } from "./options.ts";
import { CLIENT_PACKAGE } from "./packages.ts";
import { readTls } from "./read-tls.ts";
import { isOfVersion } from "./reason-codes.ts";

/** What a client says of itself. */
export interface Caller extends Pick<Greeting, "clientId" | "onMessage" | "receiveMaximum"> {
  /** What is asked for of a session, in the version that is spoken. */
  session(version: 4 | 5): { readonly isClean: boolean; readonly sessionExpiryS: number };
}

/** Connects to the broker of a stream, as often as one likes. Nothing secret is kept in between. */
export class Dialer {
  readonly #settings: MqttSettings;
  readonly #broker: MqttBroker | undefined;
  readonly #log: Log;
  #version: 4 | 5;

  constructor(settings: MqttSettings, { broker, log }: { readonly broker: MqttBroker | undefined; readonly log: Log }) {
    this.#settings = settings;
    this.#broker = broker;
    this.#log = log;
    this.#version = settings.protocolVersion ?? 5;
    if (settings.url === undefined && broker === undefined) {
      throw new InvalidArgumentError(
        "An MQTT stream needs a broker: give its `url`, or add `mqttBroker()` to the plugins of the twin.",
      );
    }
  }

  /** Where the broker is, without the topic; the embedded one has no place before its twin has started. */
  get url(): string {
    return (this.#settings.url ?? this.#broker?.url ?? "").replace(/\/$/, "");
  }

  /** @throws {@link ConnectionFailure}; `TWIN_SECRET_MISSING`, `TWIN_INVALID_ARGUMENT`, the signal's reason. */
  async dial(caller: Caller, signal: AbortSignal): Promise<Connection> {
    const version = this.#version;
    try {
      return await this.#dial(caller, version, signal);
    } catch (error) {
      const isRefused = error instanceof ConnectionFailure && isOfVersion(error.reasonCode);
      if (!isRefused || version === 4 || this.#settings.protocolVersion !== undefined) throw error;
      this.#log.info({ broker: this.url }, "the broker does not speak MQTT 5; going on with MQTT 3.1.1");
      this.#version = 4;
      return await this.#dial(caller, 4, signal);
    }
  }

  async #dial(caller: Caller, version: 4 | 5, signal: AbortSignal): Promise<Connection> {
    const { username, password, tls, keepAliveS, connectMs } = this.#settings;
    const mqtt = await importOptional(() => import("mqtt"), {
      package: "mqtt",
      install: CLIENT_PACKAGE,
      neededBy: "Events over MQTT",
    });
    const { protocol, hostname, port } = new URL(this.url);
    const isEncrypted = protocol === "mqtts:";
    const place = {
      host: hostname.replace(/^\[|\]$/g, ""),
      port: port === "" ? (isEncrypted ? 8883 : 1883) : Number(port),
      secureContext: isEncrypted ? await readTls(tls ?? {}) : undefined,
      serverName: tls?.serverName,
      connectMs,
    };
    const { clientId, onMessage, receiveMaximum } = caller;
    const greeting = {
      ...{ version, clientId, username, keepAliveS, connectMs, receiveMaximum, onMessage },
      ...caller.session(version),
      password: password?.reveal(),
    };
    const socket = await openSocket(place, signal);
    return await greet({ mqtt, socket, signal }, greeting);
  }
}
