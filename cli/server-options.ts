import { resolve } from "node:path";
import { env, FileUnreadableError, InvalidArgumentError, parseYaml, type SecretReference } from "../core/index.ts";
import type { InferenceServerOptions } from "../modules/serving/index.ts";
import { UsageError } from "./errors.ts";
import { readText } from "./read-text.ts";
import type { ServeChoice } from "./serve-options.ts";

/**
 * The options of a server: those of a twin's own part, with what was typed in their place.
 *
 * @throws `TWIN_USAGE`; `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE`, `TWIN_INVALID_ARGUMENT` for the file of the tokens.
 */
export async function serverOptions(
  choice: ServeChoice,
  own: InferenceServerOptions,
  cwd: string,
): Promise<InferenceServerOptions> {
  const { withoutMetrics, insecure, maxBatch, maxQueueDelayMs, maxQueue, only, tokens, metricsPort } = choice;
  const preferredBatchSizes = sizesOf(choice.preferredBatch);
  const { tlsCertificate, tlsKey, tlsClientCa, modelControl } = choice;
  const { host, port, metricsHost, maxMessageBytes, drainMs } = choice;
  if (withoutMetrics && metricsPort !== undefined) throw new UsageError("--without-metrics has no --metrics-port.");
  if (host?.startsWith("unix:")) {
    throw new UsageError(
      `--host ${host}: a server listens on an address, not on a socket of the file system. Leave --host out: then only this machine reaches it.`,
    );
  }
  const batching = given({ maxBatchSize: maxBatch, maxQueueDelayMs, maxQueueSize: maxQueue, preferredBatchSizes });
  return {
    ...own,
    ...given({
      ...{ host, port, metricsHost, maxMessageBytes, drainMs },
      metricsPort: withoutMetrics ? (false as const) : metricsPort,
      modelControl: modelControl as InferenceServerOptions["modelControl"],
      tls: tlsOf({ tlsCertificate, tlsKey, tlsClientCa }, cwd),
      tokens: tokens === undefined ? undefined : await readTokens(resolve(cwd, tokens)),
      models: only.length > 0 ? only : undefined,
    }),
    ...(insecure && { insecure }),
    ...(Object.keys(batching).length > 0 && { batching: { ...(own.batching || {}), ...batching } }),
  };
}

function sizesOf(typed: string | undefined): readonly number[] | undefined {
  const sizes = typed?.split(",").map(Number);
  if (sizes?.every((size) => Number.isSafeInteger(size) && size > 0) ?? true) return sizes;
  throw new UsageError(`--preferred-batch ${typed}: it must be whole numbers above 0, separated by commas: 32,64.`);
}

/** Without what is `undefined`. */
function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

function tlsOf(
  { tlsCertificate, tlsKey, tlsClientCa }: Pick<ServeChoice, "tlsCertificate" | "tlsKey" | "tlsClientCa">,
  cwd: string,
): InferenceServerOptions["tls"] {
  if (tlsCertificate === undefined && tlsKey === undefined && tlsClientCa === undefined) return undefined;
  if (tlsCertificate === undefined || tlsKey === undefined) {
    throw new UsageError("--tls-certificate and --tls-key go together; --tls-client-ca needs both.");
  }
  const clientAuthority = tlsClientCa === undefined ? {} : { clientAuthority: resolve(cwd, tlsClientCa) };
  return { certificate: resolve(cwd, tlsCertificate), key: resolve(cwd, tlsKey), ...clientAuthority };
}

/** What a text stands for that refers to a secret. */
const SECRET = /^\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}$/;

/** What is in the entries is checked with the other options; here texts become references to secrets. */
async function readTokens(file: string): Promise<NonNullable<InferenceServerOptions["tokens"]>> {
  const yaml = await parseYaml(await readText(file));
  if (yaml.problem !== undefined) throw new FileUnreadableError(file, `it is no YAML: ${yaml.problem}.`);
  const { value } = yaml;
  if (!Array.isArray(value) || value.length === 0) {
    throw new InvalidArgumentError(
      `"${file}" must be a list of tokens: - { name: shifter, token: "$\{env:SHIFTER_TOKEN}", models: [gan] }.`,
    );
  }
  return value.map((entry: unknown) => {
    if (typeof entry !== "object" || entry === null || !("token" in entry)) return entry;
    return { ...entry, token: secretOf(entry.token) };
  }) as NonNullable<InferenceServerOptions["tokens"]>;
}

function secretOf(token: unknown): SecretReference | unknown {
  const variable = typeof token === "string" ? SECRET.exec(token)?.[1] : undefined;
  return variable === undefined ? token : env(variable);
}
