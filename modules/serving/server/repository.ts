import { ModelNotServedError, ServerRefusedError } from "../errors.ts";
import type { Served } from "../models/served.ts";
import type { ServedModels } from "./served-models.ts";

/** Makes what clients load: reads a model anew, or gives what was served before. */
export type LoadServed = (name: string) => Promise<Served>;

interface RepositoryOptions {
  readonly load: LoadServed;
  /** Whether clients may. */
  readonly isExplicit: boolean;
  /** Called as soon as others are served. */
  readonly onChange: () => void;
}

/** Loads and unloads models when clients ask for it. */
export class Repository {
  readonly #models: ServedModels;
  readonly #load: LoadServed;
  readonly #isExplicit: boolean;
  readonly #onChange: () => void;

  constructor(models: ServedModels, options: RepositoryOptions) {
    this.#models = models;
    this.#load = options.load;
    this.#isExplicit = options.isExplicit;
    this.#onChange = options.onChange;
  }

  /** @throws {@link ServerRefusedError} where clients may not; {@link ModelNotServedError}; what loading throws. */
  async load(name: string): Promise<void> {
    this.#check();
    if (!this.#models.has(name, "") && !this.#models.unloaded.includes(name)) {
      throw new ModelNotServedError(`There is no model "${name}" to load here. RepositoryIndex tells what there is.`);
    }
    const replaced = this.#models.replace(await this.#load(name));
    this.#onChange();
    await replaced;
  }

  /** @throws {@link ServerRefusedError} where clients may not; {@link ModelNotServedError} */
  async unload(name: string): Promise<void> {
    this.#check();
    const removed = this.#models.remove(name);
    this.#onChange();
    await removed;
  }

  #check(): void {
    if (this.#isExplicit) return;
    throw new ServerRefusedError(
      'Clients cannot load and unload models of this server: it was started without `modelControl: "explicit"`.',
      { status: "FAILED_PRECONDITION" },
    );
  }
}
