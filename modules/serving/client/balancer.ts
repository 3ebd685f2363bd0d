import type { Endpoint } from "./endpoint.ts";

/** Those that were tried. */
type Tried = Pick<ReadonlySet<Endpoint>, "has">;

/** Chooses who is asked next: of the ready endpoints the one with the fewest calls on their way, in turn where several have. */
export class Balancer {
  readonly endpoints: readonly Endpoint[];
  #turn = 0;

  constructor(endpoints: readonly Endpoint[]) {
    this.endpoints = endpoints;
  }

  /**
   * @param tried - Those that are not to be chosen.
   * @returns A bad one where no endpoint at all is ready: they may be good again. `undefined` where all were tried.
   */
  choose(tried: Tried): Endpoint | undefined {
    const isAnyReady = this.endpoints.some(({ isReady }) => isReady);
    const { length } = this.endpoints;
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
