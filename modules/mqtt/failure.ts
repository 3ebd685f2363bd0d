import { reasonOf, StreamRefusedError, StreamUnreachableError, TwinError } from "../../core/index.ts";
import { isLasting, isOfCredentials, TAKEN_OVER, wordsOf } from "./reason-codes.ts";

/** What may be wrong with a connection. Never leaves this module. */
export class ConnectionFailure extends Error {
  override readonly name = "ConnectionFailure";
  /** The broker's reason, where it gave one. */
  readonly reasonCode: number | undefined;
  /** Whether it would fail the same way again. */
  readonly isLasting: boolean;
  /** The other side ended the connection and said nothing. */
  readonly isSilent: boolean;

  constructor(
    problem: string,
    options: ErrorOptions & {
      readonly reasonCode?: number;
      readonly isLasting?: boolean;
      readonly isSilent?: boolean;
    } = {},
  ) {
    super(problem, options);
    this.reasonCode = options.reasonCode;
    this.isSilent = options.isSilent ?? false;
    this.isLasting = options.isLasting ?? (options.reasonCode !== undefined && isLasting(options.reasonCode));
  }
}

/** The broker says no, or ends the connection, with a reason. */
export function refusal(what: string, reasonCode: number): ConnectionFailure {
  return new ConnectionFailure(`${what}: ${wordsOf(reasonCode)}`, { reasonCode });
}

/** A socket fails. Certificates do not get better by trying again, nor does a port that does not speak TLS. */
export function socketFailure(error: unknown, hintOnReset = ""): ConnectionFailure {
  const code = (error as { readonly code?: unknown } | null)?.code;
  const text = typeof code === "string" ? code : "";
  // Several addresses of a host were tried, and each failed; the error of them all has no message.
  const problem = reasonOf(error) || text || "the connection failed";
  if (/^ERR_SSL|^EPROTO$/.test(text)) {
    const hint =
      "One side encrypts and the other does not, or the broker asks for a certificate of this client (`tls.certificate`, `tls.key`)";
    return new ConnectionFailure(`${problem} (${text}). ${hint}`, { cause: error, isLasting: true });
  }
  if (/CERT|ERR_TLS|SELF_SIGNED|UNABLE_TO_|ISSUER/.test(text)) {
    const hint =
      "The certificate of the broker must come from an authority that is trusted (`tls.authority`), and be for its name (`tls.serverName`)";
    return new ConnectionFailure(`${problem} (${text}). ${hint}`, { cause: error, isLasting: true });
  }
  return new ConnectionFailure(`${problem}${text === "ECONNRESET" ? hintOnReset : ""}`, { cause: error });
}

/** What a user gets of a failure that trying again does not mend. */
export function lastingError(address: string, failure: unknown): unknown {
  if (failure instanceof TwinError || !(failure instanceof ConnectionFailure)) return failure;
  if (failure.reasonCode === TAKEN_OVER) {
    return new StreamRefusedError(
      `Another subscriber of this name took over at the stream ${address}: ${failure.message}. A named subscription has one subscriber at a time; give each a \`name\` of its own, or let them share the messages (\`group\`).`,
      { cause: failure },
    );
  }
  if (failure.reasonCode === undefined) {
    return new StreamUnreachableError(`Cannot reach the stream ${address}: ${failure.message}.`, { cause: failure });
  }
  const hint = isOfCredentials(failure.reasonCode)
    ? " Check user name and password (`username`, `password`), and what the broker allows them."
    : "";
  return new StreamRefusedError(`The stream ${address} does not take this client: ${failure.message}.${hint}`, {
    cause: failure,
  });
}
