import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Aedes, Client } from "aedes";
import { InvalidArgumentError, importOptional, type Log, reasonOf, type Startable } from "../../../core/index.ts";
import { BROKER_PACKAGE } from "../packages.ts";
import type { MqttBroker } from "./contract.ts";
import type { BrokerSettings } from "./options.ts";
import { Queues } from "./queues.ts";

const HOST = "127.0.0.1";

/** A broker of this process, for this machine only. It speaks MQTT 3.1.1, and forgets everything when it stops. */
export class EmbeddedBroker implements MqttBroker, Startable {
  readonly #settings: BrokerSettings;
  readonly #log: Log;
  readonly #sockets = new Set<Socket>();
  #aedes: Aedes | undefined;
  #server: Server | undefined;

  constructor(settings: BrokerSettings, { log }: { readonly log: Log }) {
    this.#settings = settings;
    this.#log = log;
  }

  get url(): string {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    return `mqtt://${HOST}:${address?.port ?? this.#settings.port}`;
  }

  /** @throws `TWIN_INVALID_ARGUMENT` for a port that cannot be had; `TWIN_PACKAGE_MISSING`. */
  async start(): Promise<void> {
    const { Aedes } = await importOptional(() => import("aedes"), {
      package: "aedes",
      install: BROKER_PACKAGE,
      neededBy: "An embedded MQTT broker",
    });
    const clients = new Map<string, Client>();
    const queues = new Queues({
      queueBytes: this.#settings.queueBytes,
      log: this.#log,
      isHere: (id) => clients.has(id),
    });
    const aedes = await Aedes.createBroker({
      authorizePublish: (client, packet, callback) => {
        if (packet.topic.startsWith("$SYS/")) callback(new Error("topics of the broker itself are not published to"));
        else void queues.admit(packet, client, (id) => clients.get(id)?.close()).then(() => callback(null));
      },
      published: (packet, _client, callback) => {
        queues.delivered(packet);
        callback(null);
      },
    });
    this.#aedes = aedes;
    queues.watch(aedes);
    aedes.on("client", (client) => {
      clients.set(client.id, client);
      queues.tellLosses(client.id);
    });
    aedes.on("clientDisconnect", ({ id }) => {
      clients.delete(id);
      queues.left(id);
    });
    const server = createServer((socket) => {
      this.#sockets.add(socket.once("close", () => this.#sockets.delete(socket)));
      aedes.handle(socket);
    });
    this.#server = server;
    try {
      server.listen(this.#settings.port, HOST);
      await once(server, "listening");
    } catch (error) {
      await this.stop();
      throw new InvalidArgumentError(
        `The MQTT broker cannot listen at ${HOST}:${this.#settings.port}: ${reasonOf(error)}. Choose another \`port\`, or leave it out for one that is free.`,
        { cause: error },
      );
    }
    this.#log.info({ url: this.url }, "MQTT broker is listening");
  }

  async stop(): Promise<void> {
    this.#server?.close();
    const stopped = new Promise<void>((resolve) => this.#aedes?.close(resolve) ?? resolve());
    for (const socket of this.#sockets) socket.destroy();
    await stopped;
  }
}
