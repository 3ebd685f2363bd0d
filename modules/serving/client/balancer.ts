import type { Endpoint } from "./endpoint.ts";

/** Chooses who is asked next: of the good endpoints the one with the fewest calls on their way, in turn where several have. */
export class Balancer {
  readonly endpoints: readonly Endpoint[];
  #turn = 0;

  constructor(endpoints: readonly Endpoint[]) {
    this.endpoints = endpoints;
  }

  /**
   * @param tried - Those that are not to be chosen.
   * @returns A bad one where no endpoint at all is good: they may be good again. `undefined` where all were tried.
   */
  choose(tried: ReadonlySet<Endpoint>): Endpoint | undefined {
    const isAnyGood = this.endpoints.some(({ isGood }) => isGood);
    const { length } = this.endpoints;
    let chosen: Endpoint | undefined;
    for (let i = 0; i < length; i++) {
      const endpoint = this.endpoints[(this.#turn + i) % length] as Endpoint;
      if (tried.has(endpoint) || endpoint.isGood !== isAnyGood) continue;
      if (chosen === undefined || endpoint.outstanding < chosen.outstanding) chosen = endpoint;
    }
    this.#turn = (this.#turn + 1) % length;
    return chosen;
  }

  /** Whether some other endpoint is good. */
  hasOtherThan(endpoint: Endpoint): boolean {
    return this.endpoints.some((other) => other !== endpoint && other.isGood);
  }
}
