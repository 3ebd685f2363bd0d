import type { z } from "zod";
import { checkSchema, ModelFailedError } from "../../../core/index.ts";
import type { ModelConfig, ModelMetadataResponse, ServerMetadataResponse } from "../protocol/messages.ts";

/** What a server tells of a model that it serves. */
export interface RemoteDescription {
  /** Who serves it, for run records: `"twinloom 0.1.0"`. */
  readonly servedBy: string;
  /** Whether the server knows what is beyond the standard (docs/reference/serving-protocol.md). */
  readonly hasExtensions: boolean;
  /** Versions of the model that the server has. */
  readonly versions: readonly string[];
  readonly inputs: readonly RemoteTensor[];
  readonly outputs: readonly RemoteTensor[];
  /** Properties of the model; of a standard server, the parameters of its configuration. */
  readonly properties: Readonly<Record<string, string>>;
  /** Most rows of one request; 0 where the server tells none. */
  readonly maxBatchSize: number;
}

/** An input or output as a server states it. */
export interface RemoteTensor {
  readonly name: string;
  readonly datatype: string;
  /** -1 is a free length. */
  readonly shape: readonly number[];
}

/** The extension that servers of Twinloom name. */
const EXTENSION = "twinloom";

/**
 * Puts together what a server tells in three answers.
 *
 * @throws `TWIN_MODEL_FAILED` for one that tells what cannot be.
 */
export function readDescription(
  model: string,
  server: ServerMetadataResponse,
  metadata: ModelMetadataResponse,
  config: ModelConfig | undefined,
): RemoteDescription {
  const maxBatchSize = config?.max_batch_size ?? 0;
  if (maxBatchSize < 0) throw new ModelFailedError(model, `its server states a max_batch_size of ${maxBatchSize}.`);
  return {
    servedBy: `${server.name || "unknown"} ${server.version || ""}`.trim(),
    hasExtensions: hasExtensions(server),
    versions: metadata.versions,
    inputs: metadata.inputs.map(tensorOf),
    outputs: metadata.outputs.map(tensorOf),
    properties: { ...parametersOf(config), ...metadata.properties },
    maxBatchSize,
  };
}

/** Whether a server knows what is beyond the standard. */
export function hasExtensions({ extensions }: ServerMetadataResponse): boolean {
  return extensions.includes(EXTENSION);
}

/** The texts that a configuration carries: where servers of another make tell what ours have as properties. */
export function parametersOf(config: ModelConfig | undefined): Readonly<Record<string, string>> {
  const entries = Object.entries(config?.parameters ?? {});
  return Object.fromEntries(entries.map(([name, { string_value }]) => [name, string_value ?? ""]));
}

/** What computes, in the words of the server. */
export function identityOf(properties: Readonly<Record<string, string>> | undefined): string | undefined {
  return properties?.["identity"] || undefined;
}

/**
 * Reads what a server tells of a model as JSON.
 *
 * @param key - Property that it stands in; there must be one.
 * @throws `TWIN_MODEL_FAILED` with what is wrong.
 */
export function readProperty<S extends z.ZodType>(
  schema: S,
  properties: RemoteDescription["properties"],
  { key, model }: { readonly key: string; readonly model: string },
): z.output<S> {
  const what = `its server tells something else as "${key}" than docs/reference/serving-protocol.md says`;
  let value: unknown;
  try {
    value = JSON.parse(properties[key] as string);
  } catch (cause) {
    throw new ModelFailedError(model, `${what}: ${(cause as Error).message}.`, { cause });
  }
  const checked = checkSchema(schema, value);
  if (!checked.problems) return checked.value;
  const lines = checked.problems.map(({ path, message }) => `  - ${path.join(".")}: ${message}`);
  throw new ModelFailedError(model, `${what}:\n${lines.join("\n")}`);
}

function tensorOf({ name, datatype, shape }: ModelMetadataResponse["inputs"][number]): RemoteTensor {
  return { name: name ?? "", datatype: datatype ?? "", shape: shape.map(Number) };
}
