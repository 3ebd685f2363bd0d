import { RemoteModelChangedError } from "../errors.ts";
import type { ModelInferResponse } from "../protocol/messages.ts";
import { decodeParameters } from "../protocol/parameters.ts";
import type { Endpoint } from "./endpoint.ts";

/**
 * Sees to it that all answers are of one model. What computes is noted at the first answer that tells it; servers that do not
 * say it with each answer are asked for it before they are used, and after each failure.
 */
export class Pin {
  readonly #model: string;
  #identity: string | undefined;

  constructor(model: string) {
    this.#model = model;
  }

  /** What computes; `undefined` until a server tells it. */
  get identity(): string | undefined {
    return this.#identity;
  }

  /**
   * Checks what an endpoint tells that it serves; the first one that tells says what is right.
   *
   * @throws {@link RemoteModelChangedError}
   */
  check({ address }: Endpoint, identity: string): void {
    this.#identity ??= identity;
    if (identity === this.#identity) return;
    throw new RemoteModelChangedError(
      `Server ${address} serves ${identity} as "${this.#model}", not ${this.#identity} as at the beginning. Create the twin again for the new one.`,
    );
  }

  /**
   * Checks who computed an answer.
   *
   * @returns Whether the endpoint may serve another model since it was looked at.
   * @throws {@link RemoteModelChangedError}
   */
  checkAnswer(endpoint: Endpoint, { parameters, model_version: version }: ModelInferResponse): boolean {
    const identity = decodeParameters(parameters)["identity"];
    // A server that tells nothing at all has at least a version.
    const { known } = endpoint;
    if (typeof identity === "string" && identity !== "") this.check(endpoint, identity);
    else if (version && known?.identity === undefined) this.check(endpoint, `${this.#model}/${version}`);
    else if (version && known) {
      known.version ??= version;
      return known.version !== version;
    }
    return false;
  }
}
