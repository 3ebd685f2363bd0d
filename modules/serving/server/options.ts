import { z } from "zod";
import { type SecretReference, secret } from "../../../core/index.ts";
import type { Batching } from "../models/served.ts";

/** How an {@link InferenceServer} serves. */
export interface InferenceServerOptions {
  /**
   * Address to listen on; `"127.0.0.1"` by default. Another than this machine's own needs {@link tls} or
   * {@link insecure}.
   */
  readonly host?: string | undefined;
  /** Port of gRPC, 8001 by default; 0 takes a free one. */
  readonly port?: number | undefined;
  /** Port of `/metrics` and `/healthz` over HTTP, 8002 by default; 0 takes a free one, `false` has none. */
  readonly metricsPort?: number | false | undefined;
  /**
   * Address of the metrics, `"127.0.0.1"` by default. They are never encrypted: another than this machine's own needs
   * {@link insecure}.
   */
  readonly metricsHost?: string | undefined;
  /** Encrypts; with `clientAuthority`, clients must show a certificate. */
  readonly tls?: ServerTls | undefined;
  /** Allows what is not encrypted to be reached from other machines. */
  readonly insecure?: boolean | undefined;
  /** Who may use what; everybody everything where there are none. */
  readonly tokens?: readonly AccessToken[] | undefined;
  /** How requests are put together. What is not said is as by default. */
  readonly batching?: BatchingOptions | undefined;
  /** Largest message, each way, in bytes; 64 MiB by default. */
  readonly maxMessageBytes?: number | undefined;
  /** Requests that one connection may have at once; the next wait. 1,000 by default. */
  readonly maxConcurrentRequests?: number | undefined;
  /**
   * Memory held for requests and for answers that are not sent yet, bytes; 1 GiB by default. What comes beyond is
   * refused, with RESOURCE_EXHAUSTED. Requests that are not wholly there yet are not counted.
   */
  readonly maxHeldBytes?: number | undefined;
  /** How long a client may take to take an answer, or one of a stream, ms; 120,000 by default. It is cut off then. */
  readonly maxSendMs?: number | undefined;
  /**
   * How long {@link InferenceServer.stop} waits for what has begun, ms; 8,000 by default, so that a twin that stops
   * waits longer than that.
   */
  readonly drainMs?: number | undefined;
  /** Whether clients may load and unload models: `"none"` by default, or `"explicit"`. */
  readonly modelControl?: "none" | "explicit" | undefined;
  /** Names of the models to serve, of all that are published; all by default. */
  readonly models?: readonly string[] | undefined;
}

/** {@link Batching} as far as somebody says. */
export type BatchingOptions = { readonly [K in keyof Batching]?: Batching[K] | undefined };

/** Files of a server's certificate, PEM. They are read when it starts. */
export interface ServerTls {
  /** The certificate, and those between it and its authority. */
  readonly certificate: string;
  /** Its private key. */
  readonly key: string;
  /** Certificates of the authorities whose clients are served. */
  readonly clientAuthority?: string | undefined;
}

/** A bearer token, and what it opens. */
export interface AccessToken {
  /** Whose it is; for logs. */
  readonly name: string;
  /** The token; or its {@link sha256}. It must be random and long: `openssl rand -hex 32`. */
  readonly token?: SecretReference | undefined;
  /** SHA-256 of the token, 64 hexadecimal digits. */
  readonly sha256?: string | undefined;
  /** Models that it may use; `["*"]` for all. */
  readonly models: readonly string[];
  /** Whether it may load and unload models; `false` by default. */
  readonly control?: boolean | undefined;
}

/** Options with their defaults. */
export interface CheckedServerOptions {
  readonly host: string;
  readonly port: number;
  readonly metricsPort: number | false;
  readonly metricsHost: string;
  readonly tls?: ServerTls | undefined;
  readonly insecure: boolean;
  readonly tokens: readonly (AccessToken & { readonly control: boolean })[];
  readonly batching: BatchingOptions;
  readonly maxMessageBytes: number;
  readonly maxConcurrentRequests: number;
  readonly maxHeldBytes: number;
  readonly maxSendMs: number;
  readonly drainMs: number;
  readonly modelControl: "none" | "explicit";
  readonly models?: readonly string[] | undefined;
}

const port = (): z.ZodNumber => z.number().int().min(0).max(65_535);
const rows = (): z.ZodNumber => z.number().int().min(1);

const BatchingSchema = z.object({
  maxBatchSize: rows().optional().describe("Most rows computed at once; larger requests are computed in pieces."),
  maxQueueDelayMs: z.number().min(0).optional().describe("How long an idle model waits for more rows, ms."),
  preferredBatchSizes: z.array(rows()).optional().describe("A batch of one of these sizes does not wait for more."),
  maxQueueSize: rows().optional().describe("Rows that may wait; what comes beyond is refused."),
  maxQueueBytes: rows().optional().describe("Bytes of the requests that may wait."),
});

const TokenSchema = z
  .object({
    name: z.string().min(1).describe("Whose it is; for logs."),
    token: secret().optional().describe("The token."),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, "It must be 64 hexadecimal digits in lower case.")
      .optional()
      .describe("SHA-256 of the token, in place of it."),
    models: z.array(z.string().min(1)).min(1).describe('Models that it may use; ["*"] for all.'),
    control: z.boolean().default(false).describe("Whether it may load and unload models."),
  })
  .refine(({ token, sha256 }) => (token === undefined) !== (sha256 === undefined), {
    error: "Give either `token` or `sha256`.",
  });

/** Checks {@link InferenceServerOptions}. */
export const ServerOptionsSchema: z.ZodType<CheckedServerOptions, InferenceServerOptions> = z.object({
  host: z.string().min(1).default("127.0.0.1").describe("Address to listen on."),
  port: port().default(8001).describe("Port of gRPC; 0 takes a free one."),
  metricsPort: z
    .union([port(), z.literal(false)])
    .default(8002)
    .describe("Port of /metrics and /healthz over HTTP; false has none."),
  metricsHost: z.string().min(1).default("127.0.0.1").describe("Address of the metrics, which are never encrypted."),
  tls: z
    .object({
      certificate: z.string().min(1).describe("File of the certificate, PEM."),
      key: z.string().min(1).describe("File of its private key, PEM."),
      clientAuthority: z.string().min(1).optional().describe("File of the authorities whose clients are served, PEM."),
    })
    .optional()
    .describe("Encrypts; with clientAuthority, clients must show a certificate."),
  insecure: z.boolean().default(false).describe("Allows what is not encrypted to be reached from other machines."),
  tokens: z.array(TokenSchema).default([]).describe("Who may use what; everybody everything where there are none."),
  batching: BatchingSchema.default({}).describe("How requests are put together."),
  maxMessageBytes: z
    .number()
    .int()
    .min(1024)
    .max(2 ** 31 - 1)
    .default(64 * 2 ** 20)
    .describe("Largest message, each way, in bytes."),
  maxConcurrentRequests: z
    .number()
    .int()
    .min(1)
    .default(1000)
    .describe("Requests that one connection may have at once."),
  maxHeldBytes: z
    .number()
    .int()
    .min(1)
    .default(2 ** 30)
    .describe("Memory held for requests and for answers that are not sent yet, in bytes; the rest is refused."),
  maxSendMs: z
    .number()
    .int()
    .min(1)
    .max(2 ** 31 - 1)
    .default(120_000)
    .describe("How long a client may take to take an answer, or one of a stream, ms."),
  drainMs: z.number().min(0).default(8000).describe("How long stop() waits for what has begun, ms."),
  modelControl: z.enum(["none", "explicit"]).default("none").describe("Whether clients may load and unload models."),
  models: z.array(z.string().min(1)).optional().describe("Names of the models to serve; all by default."),
});
