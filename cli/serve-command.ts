import type { Digest } from "../core/index.ts";

/** How the servers of a batch serve. */
export interface ServeCommandOptions {
  /** The version that is served, in the batch's own store. */
  readonly version: Digest;
  /** Folder of that store; absolute. */
  readonly store: string;
  /** Where they register; absolute. */
  readonly registry: string;
  /** Address to listen on; `0.0.0.0` by default, as clients are on other nodes. */
  readonly host?: string | undefined;
  /** Files of the certificate, PEM; absolute. */
  readonly tls?:
    | { readonly certificate: string; readonly key: string; readonly clientAuthority?: string | undefined }
    | undefined;
  /** Who may use what: a file without secrets in it, with `sha256` of tokens, or `${env:…}`; absolute. */
  readonly tokens?: string | undefined;
  /** Lets other machines in without encryption. */
  readonly insecure?: boolean | undefined;
  /** What becomes of a server near its time limit; `"restart"` by default: the fleet stays up. */
  readonly atTimeLimit?: "restart" | "end" | undefined;
  /** Names of what is served; all by default. */
  readonly only?: readonly string[] | undefined;
  readonly maxBatch?: number | undefined;
}

/**
 * Arguments of `twinloom` for one server of a batch: a free port, registered in a folder, without metrics, which only its own
 * node could read.
 */
export function serveCommand(options: ServeCommandOptions): readonly string[] {
  const {
    version,
    store,
    registry,
    host = "0.0.0.0",
    tls,
    tokens,
    insecure,
    atTimeLimit,
    only = [],
    maxBatch,
  } = options;
  return [
    ...["serve", version, "--store", store, "--register", registry, "--host", host, "--port", "0", "--without-metrics"],
    ...(tls ? ["--tls-certificate", tls.certificate, "--tls-key", tls.key] : []),
    ...(tls?.clientAuthority === undefined ? [] : ["--tls-client-ca", tls.clientAuthority]),
    ...(tokens === undefined ? [] : ["--tokens", tokens]),
    ...(insecure ? ["--insecure"] : []),
    ...(atTimeLimit === undefined ? [] : ["--at-time-limit", atTimeLimit]),
    ...only.flatMap((model) => ["--only", model]),
    ...(maxBatch === undefined ? [] : ["--max-batch", `${maxBatch}`]),
  ];
}
