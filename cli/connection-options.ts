import type { OptionDefinitions } from "./command.ts";

/** Options of every command that asks a server of models. */
export const CONNECTION_OPTIONS = {
  modelVersion: {
    kind: "text",
    placeholder: "version",
    description: "version of the model (default: the server's choice)",
  },
  tls: { kind: "flag", description: "encrypt, trusting the authorities that the system trusts" },
  tlsServerName: {
    kind: "text",
    placeholder: "name",
    description:
      "encrypt; name that the servers' certificates are for, where it is not the endpoint's: by IP, through a tunnel",
  },
  tlsCa: { kind: "text", placeholder: "file", description: "encrypt, trusting these authorities, PEM" },
  tlsCertificate: { kind: "text", placeholder: "file", description: "certificate of this client, PEM" },
  tlsKey: { kind: "text", placeholder: "file", description: "private key of that certificate, PEM" },
  tokenEnv: { kind: "text", placeholder: "variable", description: "environment variable that holds the bearer token" },
  insecure: { kind: "flag", description: "send the token to other machines unencrypted, too" },
  timeoutMs: {
    kind: "number",
    placeholder: "ms",
    description: "time for one request with all its tries [ms] (default: 30000)",
    min: 1,
    max: 86_400_000,
  },
} as const satisfies OptionDefinitions;

/** What {@link CONNECTION_OPTIONS} gives. */
export interface ConnectionChoice {
  readonly modelVersion?: string | undefined;
  readonly tls: boolean;
  readonly tlsServerName?: string | undefined;
  readonly tlsCa?: string | undefined;
  readonly tlsCertificate?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly tokenEnv?: string | undefined;
  readonly insecure: boolean;
  readonly timeoutMs?: number | undefined;
}
