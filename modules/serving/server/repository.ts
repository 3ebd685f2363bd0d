import type { Log } from "../../../core/index.ts";
import { reasonOf } from "../../../core/index.ts";
import { ModelNotServedError, ServerRefusedError } from "../errors.ts";
import type { Served } from "../models/served.ts";
import type { ServedModels } from "./served-models.ts";

/** Makes what clients load: reads a model anew, or gives what was served before. */
export type LoadServed = (name: string, options: { readonly signal: AbortSignal }) => Promise<Served>;

interface RepositoryOptions {
  readonly load: LoadServed;
  /** Whether clients may. */
  readonly isExplicit: boolean;
  /** Called as soon as others are served. */
  readonly onChange: () => void;
  readonly log: Log;
}

/** Loads and unloads models when clients ask for it. What was served until then ends what it has begun, by itself. */
export class Repository {
  readonly #models: ServedModels;
  readonly #options: RepositoryOptions;
  /** The last load of each name that has not ended. */
  readonly #loading = new Map<string, Promise<void>>();

  constructor(models: ServedModels, options: RepositoryOptions) {
    this.#models = models;
    this.#options = options;
  }

  /**
   * Loads of one name come one after the other.
   *
   * @param signal - Ends the wait, and what is loaded then does not serve.
   * @throws {@link ServerRefusedError} where clients may not, and where something else was published or unloaded
   *   meanwhile; {@link ModelNotServedError}; what loading throws; the signal's reason.
   */
  async load(name: string, signal: AbortSignal): Promise<void> {
    this.#check();
    const before = this.#loading.get(name);
    const loaded = this.#loadAfter(before, name, signal).finally(() => {
      if (this.#loading.get(name) === loaded) this.#loading.delete(name);
    });
    this.#loading.set(name, loaded);
    await Promise.race([loaded, aborted(signal)]);
  }

  /** @throws {@link ServerRefusedError} where clients may not; {@link ModelNotServedError} */
  unload(name: string): void {
    this.#check();
    this.#retire(name, this.#models.remove(name));
    this.#options.onChange();
  }

  async #loadAfter(before: Promise<void> | undefined, name: string, signal: AbortSignal): Promise<void> {
    await before?.catch(() => undefined);
    signal.throwIfAborted();
    const models = this.#models;
    if (!models.has(name, "") && !models.unloaded.includes(name)) {
      throw new ModelNotServedError(`There is no model "${name}" to load here. RepositoryIndex tells what there is.`);
    }
    const { publishes } = models;
    const replaced = models.has(name, "") ? models.find(name, "") : undefined;
    const served = await this.#options.load(name, { signal });
    const isAsBefore = models.publishes === publishes && (!replaced || models.serves(replaced));
    if (signal.aborted || !isAsBefore) {
      await served.close();
      signal.throwIfAborted();
      throw new ServerRefusedError(
        `While the model "${name}" was loaded, others were published, or it was unloaded: load it again if it is to serve still.`,
        { status: "ABORTED" },
      );
    }
    this.#retire(name, models.replace(served));
    this.#options.onChange();
  }

  #retire(name: string, idle: Promise<void>): void {
    idle.catch((error: unknown) => {
      this.#options.log.warn({ model: name, reason: reasonOf(error) }, "A model that is served no more did not end");
    });
  }

  #check(): void {
    if (this.#options.isExplicit) return;
    throw new ServerRefusedError(
      'Clients cannot load and unload models of this server: it was started without `modelControl: "explicit"`.',
      { status: "FAILED_PRECONDITION" },
    );
  }
}

/** Rejects with the signal's reason. */
async function aborted(signal: AbortSignal): Promise<never> {
  return await new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
