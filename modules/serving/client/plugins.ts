import { z } from "zod";
import { definePlugin, Generator, Model, optional, type PluginFactory } from "../../../core/index.ts";
import { type ConnectionOptions, connectionOptions, NAMES_SERVERS, namesServers } from "./connection-options.ts";
import { type GeneratorDescription, GeneratorDescriptionSchema } from "./generator-contract.ts";
import { InferenceClient } from "./inference-client.ts";
import { RemoteGenerator } from "./remote-generator.ts";
import { RemoteModel } from "./remote-model.ts";

/** Options of {@link remoteGenerator}. */
export interface RemoteGeneratorOptions extends ConnectionOptions {
  /** How events travel: what is not zero (`"sparse"`, default, where the server knows it), or every value (`"dense"`). */
  readonly transfer?: "sparse" | "dense" | undefined;
  /** `"float16"`: float32 values travel as halves, which rounds them to 3 digits. The facts tell so. `"float32"` by default. */
  readonly precision?: "float32" | "float16" | undefined;
  /** Requests on their way at a time; two for each endpoint by default. */
  readonly inFlight?: number | undefined;
  /** Whether the servers may come to serve another model under the name, with other events; `false` by default. */
  readonly follow?: boolean | undefined;
  /** What the model generates, for servers that do not tell it. */
  readonly describes?: GeneratorDescription | undefined;
}

/**
 * A generator that servers compute: `twinloom serve`, or any server of the Open Inference Protocol that serves one
 * (docs/reference/serving-protocol.md).
 *
 * Each request goes to the server that has the fewest; where it fails for a reason that may pass, to another, within
 * `timeoutMs`. The same event is the same from all of them, so nothing is lost or made twice. Servers that come to serve
 * another model under the name are not used any more, unless `follow` is said.
 *
 * Instead of `endpoints`, `registry` names a folder in which servers register themselves, such as those of a batch: the part
 * waits for the first one (`registryTimeoutMs`), asks those that come later, too, and forgets those that leave or die.
 *
 * The need `fallback`, another generator of the same arrays, is met by a wire only. It makes the events for which no
 * server is to be had; they are flagged in `byFallback`, and are other events than the servers' unless it is the very
 * same model. Where no server answers within 5 s when the part is created, ranges and arrays are those of the fallback. Needs the packages `@grpc/grpc-js` and `@grpc/proto-loader`.
 *
 * @example
 * await using twin = await createTwin({
 *   plugins: {
 *     shower: remoteGenerator({ endpoints: ["gpu-1:8001", "gpu-2:8001"], model: "gan", tls: {}, token: env("TOKEN") }),
 *     spare: gflash(),
 *     detector: calorimeter(),
 *   },
 *   wire: { shower: { fallback: "spare" }, detector: { generator: "shower" } },
 * });
 */
export const remoteGenerator: PluginFactory<RemoteGeneratorOptions, RemoteGenerator> = definePlugin({
  name: "twinloom/modules/serving#remoteGenerator",
  version: "0.1.0",
  provides: Generator,
  needs: { fallback: optional(Generator, { onlyWired: true }) },
  options: z
    .strictObject({
      ...connectionOptions,
      transfer: z
        .enum(["sparse", "dense"])
        .default("sparse")
        .describe("How events travel: what is not zero, where the server knows that, or every value."),
      precision: z
        .enum(["float32", "float16"])
        .default("float32")
        .describe("float16: float32 values travel as halves, which rounds them to 3 digits."),
      inFlight: z.int().min(1).max(1000).optional().describe("Requests on their way at a time; two for each endpoint."),
      follow: z
        .boolean()
        .default(false)
        .describe("Whether the servers may come to serve another model under the name, with other events."),
      describes: GeneratorDescriptionSchema.optional().describe(
        "What the model generates, for servers that do not tell it.",
      ),
    })
    .refine(namesServers, NAMES_SERVERS),
  create: async ({ fallback }, options, { log, signal }) => {
    const { transfer, precision, inFlight, follow, describes, ...connection } = options;
    const client = await InferenceClient.create({
      connection,
      follow,
      log,
      signal,
      hasFallback: fallback !== undefined,
    });
    const asks = { describes, transfer, precision, follow, inFlight };
    try {
      return await RemoteGenerator.create({ client, options: asks, fallback, log, signal });
    } catch (error) {
      client.stop();
      throw error;
    }
  },
});

/** Options of {@link remoteModel}. */
export interface RemoteModelOptions extends ConnectionOptions {}

/**
 * A model that servers compute: `twinloom serve`, Triton, or any other server of the Open Inference Protocol. Raw arrays go
 * there and come back; what they mean is for whoever uses it, such as `fastsim()`.
 *
 * Endpoints, retries and the same model throughout are as for {@link remoteGenerator}. Calls may overlap and are answered in
 * order; one that is too large for a message is divided along the axis of the batch, where the model has one.
 *
 * The need `fallback`, a model with the same inputs and outputs, is met by a wire only; it computes what no server does.
 *
 * @example
 * await using twin = await createTwin({
 *   plugins: { network: remoteModel({ endpoints: ["triton:8001"], model: "gan" }), shower: fastsim(), detector: calorimeter() },
 * });
 */
export const remoteModel: PluginFactory<RemoteModelOptions, RemoteModel> = definePlugin({
  name: "twinloom/modules/serving#remoteModel",
  version: "0.1.0",
  provides: Model,
  needs: { fallback: optional(Model, { onlyWired: true }) },
  options: z.strictObject(connectionOptions).refine(namesServers, NAMES_SERVERS),
  create: async ({ fallback }, connection, { log, signal }) => {
    const client = await InferenceClient.create({
      ...{ connection, follow: false, log, signal },
      hasFallback: fallback !== undefined,
    });
    try {
      return await RemoteModel.create({ client, fallback, log, signal });
    } catch (error) {
      client.stop();
      throw error;
    }
  },
});
