import { InvalidArgumentError, type SecretReference } from "../../../core/index.ts";

/**
 * What a token is sent as. Files and shells leave a line break at its end, which belongs to none.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for a token that no header holds, without saying any of it; `TWIN_SECRET_MISSING`.
 */
export function bearerOf(token: SecretReference): string {
  const text = token.reveal().replace(/\r?\n$/, "");
  // gRPC would name it in its own message.
  if (/^[\x21-\x7e]+$/.test(text)) return `Bearer ${text}`;
  throw new InvalidArgumentError(
    `The token ${token} has characters that no header holds: it must be of printable ASCII, without spaces and line breaks.`,
  );
}
