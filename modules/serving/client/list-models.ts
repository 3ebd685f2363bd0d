import { z } from "zod";
import { checkSchema, InvalidArgumentError, type Log } from "../../../core/index.ts";
import { ANY_MODEL } from "../registry/follow-registry.ts";
import { type ConnectionOptions, connectionOptions, NAMES_SERVERS, namesServers } from "./connection-options.ts";
import { InferenceClient } from "./inference-client.ts";

/** A model that a server has, as `RepositoryIndex` tells it. */
export interface ListedModel {
  readonly name: string;
  /** `undefined` where no version of it is loaded. */
  readonly version: string | undefined;
  readonly isReady: boolean;
}

const Options = z.strictObject(connectionOptions).refine(namesServers, NAMES_SERVERS);

/**
 * What a server has to offer: of the endpoints, the first one that answers. Servers tell of what the caller may use.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for options that are none; `TWIN_SERVER_UNREACHABLE`, `TWIN_SERVER_REFUSED` (such as a
 *   server that speaks only the standard protocol, which has no such list); the signal's reason.
 */
export async function listModels(
  options: Omit<ConnectionOptions, "model" | "version">,
  { log, signal }: { readonly log: Log; readonly signal?: AbortSignal | undefined },
): Promise<readonly ListedModel[]> {
  const checked = checkSchema(Options, { ...options, model: ANY_MODEL });
  if (checked.problems) {
    const problems = checked.problems.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw new InvalidArgumentError(`These servers cannot be asked:\n${problems.join("\n")}`);
  }
  const client = await InferenceClient.create({ connection: checked.value, follow: true, log, signal });
  try {
    return (await client.list({ signal })).map(({ name = "", version, state }) => ({
      name,
      version: version || undefined,
      isReady: state === "READY",
    }));
  } finally {
    client.stop();
  }
}
