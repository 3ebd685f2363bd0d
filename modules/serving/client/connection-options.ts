import { z } from "zod";
import { type SecretReference, secret } from "../../../core/index.ts";
import { addressProblem } from "./address.ts";

/** How a part reaches the servers that compute for it. */
export interface ConnectionOptions {
  /**
   * Servers of the same model, in any order; or {@link registry}: `["gpu-1.example.org:8001", "[::1]:8001", "unix:/run/twinloom.sock"]`. Requests
   * go to the one that has the fewest.
   */
  readonly endpoints?: readonly string[] | undefined;
  /**
   * In the place of `endpoints`: a folder in which servers register themselves (`twinloom serve --register`). Those that
   * come are asked, too; those that leave or die are not asked any more.
   */
  readonly registry?: string | undefined;
  /** How long creating the part waits for the first server to register, ms; 60,000 by default. */
  readonly registryTimeoutMs?: number | undefined;
  /** Name that the model is served under. */
  readonly model: string;
  /** Version of it, in the sense of the protocol; what the server chooses by default. */
  readonly version?: string | undefined;
  /** Encrypts; `{}` trusts the authorities that the system trusts. */
  readonly tls?: ClientTls | undefined;
  /** Token of a bearer: `env("TWINLOOM_TOKEN")`. It is sent to other machines over `tls` only. */
  readonly token?: SecretReference | undefined;
  /** Allows the token to be sent to other machines unencrypted. */
  readonly insecure?: boolean | undefined;
  /** Time for one request with all its tries, ms; 30,000 by default. */
  readonly timeoutMs?: number | undefined;
  /** Largest message, each way, in bytes; 64 MiB by default. */
  readonly maxMessageBytes?: number | undefined;
}

/** Files of what a client trusts and shows, PEM. They are read when the part is created. */
export interface ClientTls {
  /** Certificates of the authorities that servers' certificates must come from; the system's by default. */
  readonly authority?: string | undefined;
  /** The client's own certificate, for servers that ask for one. */
  readonly certificate?: string | undefined;
  /** Its private key. */
  readonly key?: string | undefined;
  /** Name that the servers' certificates are for, where it is not that of the endpoint. */
  readonly serverName?: string | undefined;
}

/** {@link ConnectionOptions} with their defaults. */
export interface Connection extends ConnectionOptions {
  readonly insecure: boolean;
  readonly registryTimeoutMs: number;
  readonly timeoutMs: number;
  readonly maxMessageBytes: number;
}

const Endpoint = z.string().superRefine((address, context) => {
  const problem = addressProblem(address);
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
});

const Tls = z
  .strictObject({
    authority: z.string().min(1).optional().describe("File of the authorities that are trusted, PEM."),
    certificate: z.string().min(1).optional().describe("File of the client's own certificate, PEM."),
    key: z.string().min(1).optional().describe("File of its private key, PEM."),
    serverName: z.string().min(1).optional().describe("Name that the servers' certificates are for."),
  })
  .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), {
    error: "`certificate` and `key` go together.",
  });

/** The options of {@link ConnectionOptions}, for the schema of a plugin. */
export const connectionOptions = {
  endpoints: z
    .array(Endpoint)
    .min(1)
    .readonly()
    .refine((all) => new Set(all).size === all.length, { error: "It has an endpoint twice." })
    .optional()
    .describe("Servers of the same model: host:port, [IPv6]:port, unix:path."),
  registry: z
    .string()
    .min(1)
    .optional()
    .describe("In the place of endpoints: a folder in which servers register themselves."),
  registryTimeoutMs: z
    .number()
    .min(1)
    .max(7 * 24 * 3600 * 1000)
    .default(60_000)
    .describe("How long creating the part waits for the first server to register, ms."),
  model: z.string().min(1).describe("Name that the model is served under."),
  version: z.string().min(1).optional().describe("Version of it; what the server chooses by default."),
  tls: Tls.optional().describe("Encrypts; {} trusts the authorities that the system trusts."),
  token: secret().optional().describe("Token of a bearer; sent to other machines over tls only."),
  insecure: z.boolean().default(false).describe("Allows the token to be sent to other machines unencrypted."),
  timeoutMs: z
    .number()
    .min(1)
    .max(24 * 3600 * 1000)
    .default(30_000)
    .describe("Time for one request with all its tries, ms."),
  maxMessageBytes: z
    .int()
    .min(1024)
    .max(2 ** 31 - 1)
    .default(64 * 2 ** 20)
    .describe("Largest message, each way, in bytes."),
};

/** Servers are named in one of two ways. */
export function namesServers({ endpoints, registry }: Pick<ConnectionOptions, "endpoints" | "registry">): boolean {
  return (endpoints === undefined) !== (registry === undefined);
}

/** Told where {@link namesServers} is false. */
export const NAMES_SERVERS: { path: string[]; error: string } = {
  path: ["endpoints"],
  error: "Give the servers as `endpoints`, or as `registry`, a folder in which they register: one of the two.",
};
