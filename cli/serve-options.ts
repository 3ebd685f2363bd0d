import type { OptionDefinitions } from "./command.ts";

/** Options of a server, in the order of the help. What is not given is as the twin's own `serving` part says, or by default. */
export const SERVE_OPTIONS = {
  host: { kind: "text", placeholder: "address", description: "address to listen on (default: 127.0.0.1)" },
  port: {
    kind: "integer",
    short: "p",
    placeholder: "port",
    description: "port of gRPC, 0 for a free one (default: 8001)",
    min: 0,
    max: 65_535,
  },
  metricsHost: {
    kind: "text",
    placeholder: "address",
    description: "address of /metrics and /healthz (default: 127.0.0.1)",
  },
  metricsPort: {
    kind: "integer",
    placeholder: "port",
    description: "port of /metrics and /healthz, 0 for a free one (default: 8002)",
    min: 0,
    max: 65_535,
  },
  withoutMetrics: { kind: "flag", description: "tell no metrics" },
  tlsCertificate: { kind: "text", placeholder: "file", description: "certificate of the server, PEM: encrypts" },
  tlsKey: { kind: "text", placeholder: "file", description: "private key of the certificate, PEM" },
  tlsClientCa: {
    kind: "text",
    placeholder: "file",
    description: "authorities, PEM: clients must show a certificate of theirs",
  },
  tokens: {
    kind: "text",
    placeholder: "file",
    description: "who may use what, YAML or JSON: [{ name, token: $" + "{env:X} or sha256, models, control }]",
  },
  insecure: { kind: "flag", description: "let other machines in without encryption" },
  maxBatch: { kind: "integer", placeholder: "rows", description: "most rows computed at once (default: 100)", min: 1 },
  maxQueueDelayMs: {
    kind: "number",
    placeholder: "ms",
    description: "how long an idle model waits for more rows [ms] (default: 0)",
    min: 0,
  },
  maxQueue: {
    kind: "integer",
    placeholder: "rows",
    description: "rows that may wait; what comes beyond is refused (default: 10000)",
    min: 1,
  },
  preferredBatch: {
    kind: "text",
    placeholder: "rows,rows",
    description: "a batch of one of these sizes does not wait for more (default: none)",
  },
  maxMessageBytes: {
    kind: "integer",
    placeholder: "bytes",
    description: "largest message, each way (default: 64 MiB)",
    min: 1024,
    max: 2 ** 31 - 1,
  },
  drainMs: {
    kind: "number",
    placeholder: "ms",
    description: "how long the end waits for what has begun [ms] (default: 8000)",
    min: 0,
  },
  modelControl: {
    kind: "text",
    placeholder: "who",
    description: "whether clients may load and unload models (default: none)",
    choices: ["none", "explicit"],
  },
  register: {
    kind: "text",
    placeholder: "folder",
    description: "let clients find the server by a file in this folder, which they share",
  },
  advertise: {
    kind: "text",
    placeholder: "host",
    description: "host that others reach it under (default: the address it listens on, or this machine's name)",
  },
  atTimeLimit: {
    kind: "text",
    placeholder: "what",
    description: "what becomes of it when SIGUSR1 tells that its time is nearly up: restart ends with exit code 75",
    choices: ["restart", "end"],
    default: "restart",
  },
  only: { kind: "text", placeholder: "model", description: "serve this model only", many: true },
} as const satisfies OptionDefinitions;

/** What {@link SERVE_OPTIONS} gives. */
export interface ServeChoice {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly metricsHost?: string | undefined;
  readonly metricsPort?: number | undefined;
  readonly withoutMetrics: boolean;
  readonly tlsCertificate?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly tlsClientCa?: string | undefined;
  readonly tokens?: string | undefined;
  readonly insecure: boolean;
  readonly maxBatch?: number | undefined;
  readonly maxQueueDelayMs?: number | undefined;
  readonly maxQueue?: number | undefined;
  readonly preferredBatch?: string | undefined;
  readonly maxMessageBytes?: number | undefined;
  readonly drainMs?: number | undefined;
  readonly modelControl?: string | undefined;
  readonly register?: string | undefined;
  readonly advertise?: string | undefined;
  readonly only: readonly string[];
}
