import { inspect } from "node:util";
import { z } from "zod";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { SecretMissingError } from "./errors.ts";

// Survives a second copy of the engine, which `instanceof` does not.
const BRAND: unique symbol = Symbol.for("twinloom/secret-reference");
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Names a secret without holding it. Printing, logging or serialising it gives the reference. */
export class SecretReference {
  readonly [BRAND]: true = true;
  /** The environment variable that holds the secret. */
  readonly variable: string;

  /** @throws `TWIN_INVALID_ARGUMENT` when `variable` cannot name an environment variable; it is not repeated. */
  constructor(variable: string) {
    if (typeof variable !== "string" || !VARIABLE.test(variable)) {
      throw new InvalidArgumentError(
        'A secret is referred to by the name of an environment variable: letters, digits and underscores, as in env("MQTT_PASSWORD").',
      );
    }
    this.variable = variable;
  }

  /**
   * The secret. Read it where it is used, and keep it nowhere.
   *
   * @throws `TWIN_SECRET_MISSING` when the variable is not set, or is empty.
   */
  reveal(): string {
    const value = process.env[this.variable];
    if (value === undefined || value === "") throw new SecretMissingError(this.variable);
    return value;
  }

  /** `${env:NAME}`. */
  toString(): string {
    return `\${env:${this.variable}}`;
  }

  /** `${env:NAME}`. */
  toJSON(): string {
    return this.toString();
  }

  /** What `console.log` shows. */
  [inspect.custom](): string {
    return this.toString();
  }
}

/** Refers to a secret in an environment variable. In a twin.yaml: `"${env:MQTT_PASSWORD}"`. */
export function env(variable: string): SecretReference {
  return new SecretReference(variable);
}

/** Whether a value is a reference to a secret. */
export function isSecret(value: unknown): value is SecretReference {
  return typeof value === "object" && value !== null && BRAND in value;
}

/**
 * The type of a plugin's option that is secret. Takes a {@link SecretReference} only; a plain text is refused, and not
 * repeated in the message.
 *
 * @example
 * options: z.object({ password: secret().optional().describe("Password of the broker") })
 */
export function secret(): z.ZodType<SecretReference, SecretReference> {
  return z
    .custom<SecretReference>(isSecret, {
      error: 'It must refer to a secret, never hold it: env("NAME") in code, "\u0024{env:NAME}" in a twin.yaml.',
    })
    .meta({ type: "string", pattern: "^\\$\\{env:[A-Za-z_][A-Za-z0-9_]*\\}$" });
}
