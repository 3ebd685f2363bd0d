import type { Endpoint } from "./endpoint.ts";
import type { EndpointStatus } from "./endpoint-status.ts";

/** Those that were tried. */
type Tried = Pick<ReadonlySet<Endpoint>, "has">;

/** Chooses who is asked next: of the ready endpoints the one with the fewest calls on their way, in turn where several have. */
export class Balancer {
  /** Why there is no endpoint at all, for messages; told by who lets them join. */
  absence: () => string = () => "there is none";
  #endpoints: readonly Endpoint[];
  readonly #left = new Map<string, EndpointStatus>();
  #turn = 0;

  constructor(endpoints: readonly Endpoint[]) {
    this.#endpoints = endpoints;
  }

  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  /** Of all endpoints, and after them of those that have left and had answered or failed. */
  get statuses(): readonly EndpointStatus[] {
    return [...this.#endpoints.map(({ status }) => status), ...this.#left.values()];
  }

  /** From now on it is asked, too. */
  join(endpoint: Endpoint): void {
    this.#endpoints = [...this.#endpoints, endpoint];
  }

  /** From now on it is not asked any more; calls on their way go on. */
  leave(endpoint: Endpoint, problem: string): void {
    this.#endpoints = this.#endpoints.filter((other) => other !== endpoint);
    const { address, answered, failed } = endpoint.status;
    if (answered + failed === 0) return;
    const before = this.#left.get(address);
    const counts = { answered: answered + (before?.answered ?? 0), failed: failed + (before?.failed ?? 0) };
    this.#left.set(address, { ...endpoint.status, ...counts, isGood: false, problem });
  }

  /**
   * @param tried - Those that are not to be chosen.
   * @returns A bad one where no endpoint at all is ready: they may be good again. `undefined` where all were tried.
   */
  choose(tried: Tried): Endpoint | undefined {
    const isAnyReady = this.endpoints.some(({ isReady }) => isReady);
    const { length } = this.endpoints;
    if (length === 0) return undefined;
    let chosen: Endpoint | undefined;
    for (let i = 0; i < length; i++) {
      const endpoint = this.endpoints[(this.#turn + i) % length] as Endpoint;
      if (tried.has(endpoint) || endpoint.isReady !== isAnyReady) continue;
      if (chosen === undefined || endpoint.outstanding < chosen.outstanding) chosen = endpoint;
    }
    this.#turn = (this.#turn + 1) % length;
    return chosen;
  }

  /** Whether there is a ready one that was not tried. */
  hasOtherThan(tried: Tried): boolean {
    return this.endpoints.some((endpoint) => endpoint.isReady && !tried.has(endpoint));
  }
}
