import { setTimeout as sleep } from "node:timers/promises";
import { type Log, reasonOf } from "../../../core/index.ts";
import { addressProblem, isOnThisMachine } from "../client/address.ts";
import type { Balancer } from "../client/balancer.ts";
import type { Connection } from "../client/connection-options.ts";
import type { Endpoint } from "../client/endpoint.ts";
import { ServerInsecureError, ServerUnreachableError } from "../errors.ts";
import { listRegistry, readRegistration, type ServerRegistration } from "./registration.ts";

/** Stands for the model where any is meant. */
export const ANY_MODEL = "*";

/** What a {@link RegistryFollower} works with. */
export interface RegistryFollowerInit {
  readonly folder: string;
  readonly connection: Connection;
  readonly balancer: Balancer;
  readonly makeEndpoint: (address: string) => Endpoint;
  readonly log: Log;
}

/**
 * How often the folder is read, ms. While all is well that is its list alone: many clients may read it on one file system.
 */
const CALM_MS = 2_000;
const ANXIOUS_MS = 1_000;
/** One whose heartbeat stood still for so many of them, and who does not answer, has left. */
const MISSED_BEATS = 4;

/** One registration, and what was seen of it. */
interface Seen {
  readonly registration: ServerRegistration;
  /** When its heartbeat was seen to change last, by this process's own steady clock, ms. */
  readonly changedMs: number;
}

/**
 * Keeps the endpoints of a client as the servers registered in a folder come and go. One that takes its registration away
 * leaves at once. One whose heartbeat stands still leaves when it does not answer either: a file system that is slow to show
 * changes takes no server away that computes.
 */
export class RegistryFollower {
  readonly #init: RegistryFollowerInit;
  #seen = new Map<string, Seen>();
  /** What keeps registered servers from being used, by name. */
  #unfit = new Map<string, string>();
  readonly #endpoints = new Map<string, Endpoint>();
  /** Taken from the balancer, with calls on their way. */
  readonly #leaving = new Set<Endpoint>();
  #problem: string | undefined;
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopped: boolean = false;

  constructor(init: RegistryFollowerInit) {
    this.#init = init;
    init.balancer.absence = () => this.#absence();
  }

  /**
   * Waits until a server is there, and follows the folder from then on.
   *
   * @throws `TWIN_SERVER_UNREACHABLE` where none has come in `timeoutMs`; `TWIN_SERVER_INSECURE` where the token would be
   *   readable on its way to the only ones that are there; the signal's reason.
   */
  async start({
    timeoutMs,
    signal,
  }: {
    readonly timeoutMs: number;
    readonly signal?: AbortSignal | undefined;
  }): Promise<void> {
    const { balancer, connection, folder } = this.#init;
    const until = performance.now() + timeoutMs;
    await this.look();
    while (balancer.endpoints.length === 0 && performance.now() < until) {
      await sleep(Math.min(ANXIOUS_MS, Math.max(1, until - performance.now())), undefined, { signal }).catch(() =>
        signal?.throwIfAborted(),
      );
      await this.look();
    }
    if (balancer.endpoints.length === 0 && timeoutMs > 0) {
      const insecure = [...this.#unfit.values()].find((problem) => problem.startsWith(UNENCRYPTED_TOKEN));
      const message = `No server of model "${connection.model}" has registered in ${folder} in ${timeoutMs} ms (\`registryTimeoutMs\`): ${this.#absence()}. Start one: twinloom serve <twin> --register ${folder}`;
      throw insecure === undefined ? new ServerUnreachableError(message) : new ServerInsecureError(message);
    }
    this.#plan();
  }

  /** Looks once, now. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** An endpoint is not as it was: whether it is there still is looked up soon. */
  hurry(): void {
    this.#plan();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    for (const endpoint of [...this.#leaving, ...this.#endpoints.values()]) endpoint.close();
  }

  #plan(): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    const { endpoints } = this.#init.balancer;
    const isCalm = endpoints.length > 0 && endpoints.every(({ looksWell }) => looksWell);
    this.#timer = setTimeout(
      () => void this.look().finally(() => this.#plan()),
      // Clients that began together need not look together.
      (isCalm ? CALM_MS : ANXIOUS_MS) * (0.75 + Math.random() / 2),
    ).unref();
  }

  async #look(): Promise<void> {
    let names: readonly string[];
    try {
      names = await listRegistry(this.#init.folder);
      this.#problem = undefined;
    } catch (error) {
      // A file system that does not answer says nothing of servers.
      const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
      this.#problem = isMissing ? "there is no such folder yet" : `it cannot be read: ${reasonOf(error)}`;
      return;
    }
    const read = await Promise.all(names.map((name) => this.#read(name)));
    if (this.#isStopped) return;
    this.#note(read.filter((registration) => registration !== undefined));
    this.#join();
    this.#leave();
  }

  /** What a registration says now; of a server that answers, as it was: its heartbeat is of no interest. */
  async #read(name: string): Promise<ServerRegistration | undefined> {
    const known = this.#seen.get(name)?.registration;
    if (known !== undefined && this.#endpoints.get(known.address)?.looksWell) return known;
    return await readRegistration(this.#init.folder, name);
  }

  #note(found: readonly ServerRegistration[]): void {
    const { connection, log } = this.#init;
    const now = performance.now();
    const seen = new Map<string, Seen>();
    const unfit = new Map<string, string>();
    for (const registration of found) {
      const { name } = registration;
      const problem = unfitness(registration, connection);
      if (problem !== undefined) {
        unfit.set(name, problem);
        if (this.#unfit.get(name) !== problem) log.warn({ server: name, problem }, "a registered server is not used");
        continue;
      }
      const before = this.#seen.get(name);
      const isSame = before?.registration.beat === registration.beat;
      seen.set(name, { registration, changedMs: isSame && before ? before.changedMs : now });
    }
    this.#seen = seen;
    this.#unfit = unfit;
  }

  #join(): void {
    const { balancer, makeEndpoint, log } = this.#init;
    // Those that said last that they are there come first: a guess, by clocks that may differ, and only of the order.
    const newest = [...this.#seen.values()].sort((a, b) => (a.registration.beatAt < b.registration.beatAt ? 1 : -1));
    for (const one of newest) {
      const { address } = one.registration;
      if (this.#endpoints.has(address) || isStill(one)) continue;
      const endpoint = makeEndpoint(address);
      this.#endpoints.set(address, endpoint);
      balancer.join(endpoint);
      log.info({ endpoint: address, server: one.registration.name }, "a server has registered");
    }
  }

  #leave(): void {
    const { balancer, log } = this.#init;
    for (const [address, endpoint] of this.#endpoints) {
      const registered = [...this.#seen.values()].filter(({ registration }) => registration.address === address);
      if (registered.some((one) => !isStill(one) || endpoint.looksWell)) continue;
      const problem = registered.length === 0 ? "it took its registration away" : "its heartbeat stands still";
      this.#endpoints.delete(address);
      balancer.leave(endpoint, problem);
      this.#leaving.add(endpoint);
      log.info({ endpoint: address, problem }, "a server has left");
    }
    for (const endpoint of this.#leaving) {
      if (endpoint.outstanding > 0) continue;
      endpoint.close();
      this.#leaving.delete(endpoint);
    }
  }

  /** Why nobody is there, in words. */
  #absence(): string {
    const { folder, connection } = this.#init;
    if (this.#problem !== undefined) return `of ${folder}, ${this.#problem}`;
    const unfit = [...this.#unfit].map(([name, problem]) => `${name}: ${problem}`);
    const still = [...this.#seen.keys()].map((name) => `${name}: its heartbeat stands still, and it does not answer`);
    const told = [...unfit, ...still];
    if (told.length === 0) return `no server of model "${connection.model}" is registered in ${folder}`;
    return `none of the servers registered in ${folder} can be asked: ${told.join("; ")}`;
  }
}

function isStill({ registration, changedMs }: Seen): boolean {
  return performance.now() - changedMs > MISSED_BEATS * registration.heartbeatMs;
}

const UNENCRYPTED_TOKEN = "the token would go there unencrypted";

/** Why a registered server is not one for this client. */
function unfitness({ address, models, tls }: ServerRegistration, connection: Connection): string | undefined {
  const { model } = connection;
  if (model !== ANY_MODEL && !models.includes(model)) return `it serves ${models.join(", ") || "nothing"}`;
  const problem = addressProblem(address);
  if (problem !== undefined) return problem;
  if (tls && connection.tls === undefined) return "it encrypts, and `tls` is not given";
  if (!tls && connection.tls !== undefined) return "it does not encrypt, and `tls` is given";
  if (!tls && connection.token !== undefined && !connection.insecure && !isOnThisMachine(address)) {
    return `${UNENCRYPTED_TOKEN}: serve with a certificate and give \`tls\`, or say \`insecure\``;
  }
  return undefined;
}
