import { resolve } from "node:path";
import { checkSchema, env } from "../core/index.ts";
import { type ConnectionOptions, remoteModel } from "../modules/serving/index.ts";
import { CONNECTION_OPTIONS, type ConnectionChoice } from "./connection-options.ts";
import { UsageError } from "./errors.ts";
import { typedMessage, typedOption } from "./typed-message.ts";

/** What is typed of a connection. */
const TYPED: readonly string[] = ["endpoint", "model", ...Object.keys(CONNECTION_OPTIONS)];

/** How the servers that were typed are reached: options of `remoteModel` and `remoteGenerator`. @throws `TWIN_USAGE` */
export function connection(
  { endpoint, model, ...choice }: ConnectionChoice & { readonly endpoint: string; readonly model: string },
  cwd: string,
): ConnectionOptions {
  const { modelVersion, tlsCertificate, tlsKey, tokenEnv, insecure, timeoutMs } = choice;
  if ((tlsCertificate === undefined) !== (tlsKey === undefined)) {
    throw new UsageError("--tls-certificate and --tls-key go together: a certificate is of no use without its key.");
  }
  const tls = tlsOf(choice, cwd);
  const options: ConnectionOptions = {
    ...serversOf(endpoint, cwd),
    model,
    insecure,
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(modelVersion !== undefined && { version: modelVersion }),
    ...(tls && { tls }),
    ...(tokenEnv !== undefined && { token: env(tokenEnv) }),
  };
  const { problems } = checkSchema(remoteModel.definition.options, options);
  if (problems === undefined) return options;
  throw new UsageError(
    problems
      .map(({ path, message }) => {
        const name = path.filter((key) => typeof key === "string").join(".");
        return `${typedOption(name, TYPED) ?? name}: ${typedMessage(message, TYPED)}`;
      })
      .join("\n"),
  );
}

/** Before the folder in which servers register themselves. */
const REGISTRY = "registry:";

function serversOf(endpoint: string, cwd: string): Pick<ConnectionOptions, "endpoints" | "registry"> {
  if (!endpoint.startsWith(REGISTRY)) return { endpoints: endpoint.split(",").map((address) => address.trim()) };
  const folder = endpoint.slice(REGISTRY.length);
  if (folder === "") throw new UsageError("--endpoint registry: must name the folder in which servers register.");
  return { registry: resolve(cwd, folder) };
}

function tlsOf(choice: ConnectionChoice, cwd: string): ConnectionOptions["tls"] {
  const { tls, tlsServerName, tlsCa, tlsCertificate, tlsKey } = choice;
  const isEncrypted = tls || [tlsServerName, tlsCa, tlsCertificate].some((option) => option !== undefined);
  if (!isEncrypted) return undefined;
  const at = (file: string): string => resolve(cwd, file);
  return {
    ...(tlsServerName !== undefined && { serverName: tlsServerName }),
    ...(tlsCa !== undefined && { authority: at(tlsCa) }),
    ...(tlsCertificate !== undefined && { certificate: at(tlsCertificate) }),
    ...(tlsKey !== undefined && { key: at(tlsKey) }),
  };
}
