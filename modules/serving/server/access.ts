import { createHash, timingSafeEqual } from "node:crypto";
import type { Metadata } from "@grpc/grpc-js";
import { ServerRefusedError } from "../errors.ts";
import type { CheckedServerOptions } from "./options.ts";

/** Who asks, and what they may. */
export interface Caller {
  /** Name of the token, for logs; `undefined` where there are none. */
  readonly name: string | undefined;
  /** Whether it may load and unload models. */
  readonly control: boolean;
  /** Whether it may use a model. */
  readonly may: (model: string) => boolean;
}

const EVERYBODY: Caller = { name: undefined, control: true, may: () => true };

/** Tells who asks by the bearer token of a call. */
export class Access {
  readonly #known: readonly { readonly hash: Buffer; readonly caller: Caller }[];
  readonly #found = new WeakMap<Metadata, Caller>();

  /** Secrets are read here, and only their digests are kept. @throws `TWIN_SECRET_MISSING` */
  constructor(tokens: CheckedServerOptions["tokens"]) {
    this.#known = tokens.map(({ name, token, sha256, models, control }) => {
      const names = new Set(models);
      return {
        hash: token === undefined ? Buffer.from(sha256 ?? "", "hex") : digestOf(token.reveal()),
        caller: { name, control, may: (model: string) => names.has("*") || names.has(model) },
      };
    });
  }

  /** Whether there are tokens at all. */
  get isGuarded(): boolean {
    return this.#known.length > 0;
  }

  /** @throws {@link ServerRefusedError} for a call without a token, or with one that is not known. */
  callerOf(metadata: Metadata): Caller {
    if (!this.isGuarded) return EVERYBODY;
    const found = this.#found.get(metadata);
    if (found) return found;
    const [value, ...others] = metadata.get("authorization");
    const token = /^Bearer +(\S+)$/i.exec(String(value ?? ""))?.[1];
    if (token === undefined || others.length > 0) {
      throw refused("UNAUTHENTICATED", 'This server needs a token: one entry "authorization: Bearer <token>".');
    }
    const given = digestOf(token);
    let caller: Caller | undefined;
    // All are compared, so that the time does not tell which one was close.
    for (const known of this.#known) if (timingSafeEqual(known.hash, given)) caller = known.caller;
    if (caller === undefined) throw refused("UNAUTHENTICATED", "The token is not one that this server knows.");
    this.#found.set(metadata, caller);
    return caller;
  }
}

/** @throws {@link ServerRefusedError}: whether there is such a model at all is not told. */
export function checkModel(caller: Caller, model: string): void {
  if (!caller.may(model)) throw refused("PERMISSION_DENIED", `The token may not use a model "${model}".`);
}

/** @throws {@link ServerRefusedError} */
export function checkControl(caller: Caller): void {
  if (!caller.control) throw refused("PERMISSION_DENIED", "The token may not load and unload models.");
}

function refused(status: string, message: string): ServerRefusedError {
  return new ServerRefusedError(message, { status });
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
