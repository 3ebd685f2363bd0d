import { definePlugin, Generator, Log, Model, many, type PluginFactory, type Startable } from "../../../core/index.ts";
import { InferenceServer, type ServerAddress } from "./inference-server.ts";
import { ModelServer } from "./model-server.ts";
import { type InferenceServerOptions, ServerOptionsSchema } from "./options.ts";
import { namedServables, type Servable } from "./servable.ts";

/** Serves the models and generators of the twin that it is part of, while that runs. */
export class ServingPart implements ModelServer, Startable {
  readonly #server: InferenceServer;
  readonly #servables: readonly Servable[];

  constructor(server: InferenceServer, servables: readonly Servable[]) {
    this.#server = server;
    this.#servables = servables;
  }

  get address(): ServerAddress {
    return this.#server.address;
  }

  get metricsAddress(): ServerAddress | undefined {
    return this.#server.metricsAddress;
  }

  get models(): readonly string[] {
    return this.#server.models;
  }

  /** @throws as {@link InferenceServer.start} and {@link InferenceServer.publish} do. */
  async start({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    try {
      await this.#server.start({ signal });
      await this.#server.publish(this.#servables);
    } catch (error) {
      await this.#server.stop();
      throw error;
    }
  }

  /** Ends what has begun first. */
  async stop(): Promise<void> {
    await this.#server.stop();
  }
}

/**
 * Serves all models and generators of its twin over gRPC, in the Open Inference Protocol.
 *
 * @example
 * await using twin = await createTwin({ plugins: { network: onnx({ file: "gan.onnx" }), shower: fastsim(), serving: serving() } });
 * console.log(twin.serving.address, twin.serving.models);
 */
export const serving: PluginFactory<InferenceServerOptions, ServingPart> = definePlugin({
  name: "twinloom/modules/serving",
  version: "0.1.0",
  provides: ModelServer,
  needs: { models: many(Model), generators: many(Generator), log: Log },
  options: ServerOptionsSchema,
  create: ({ models, generators, log }, options) =>
    new ServingPart(new InferenceServer(options, { log }), namedServables({ models, generators })),
});
