import { ModelNotServedError, ServerDrainingError } from "../errors.ts";
import type { Served } from "../models/served.ts";

interface Entry {
  readonly served: Served;
  /** Requests that are on it. */
  holds: number;
  /** Called when the last of them has ended, once the entry was replaced. */
  onIdle: (() => void) | undefined;
}

/** Something served, kept as it is until {@link Held.release}. */
export interface Held {
  readonly served: Served;
  release(): void;
}

/** What a server serves now, by name. */
export class ServedModels {
  #entries: ReadonlyMap<string, Entry> = new Map();
  readonly #unloaded = new Set<string>();
  #publishes = 0;

  /** How often all was replaced. */
  get publishes(): number {
    return this.#publishes;
  }

  /** Whether something was ever published. */
  get isPublished(): boolean {
    return this.#publishes > 0;
  }

  /** All that is served, in the order of their names. */
  get all(): readonly Served[] {
    const names = [...this.#entries.values()].map(({ served }) => served);
    return names.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Names that were unloaded, sorted. */
  get unloaded(): readonly string[] {
    return [...this.#unloaded].sort((a, b) => (a < b ? -1 : 1));
  }

  /**
   * @param version - The one that is asked for; any where it is empty.
   * @throws {@link ModelNotServedError}; {@link ServerDrainingError} for a model that was unloaded, and before anything is
   *   published.
   */
  find(name: string, version: string): Served {
    return this.#entry(name, version).served;
  }

  /** Whether this is served, and in this version; in any where it is empty. */
  has(name: string, version: string): boolean {
    const entry = this.#entries.get(name);
    return entry !== undefined && (version === "" || version === entry.served.version);
  }

  /** Whether it is this very one that is served under its name. */
  serves(served: Served): boolean {
    return this.#entries.get(served.name)?.served === served;
  }

  /** As {@link find}, for a request: it stays in place until the request has ended, whatever is published meanwhile. */
  hold(name: string, version: string): Held {
    const entry = this.#entry(name, version);
    entry.holds++;
    let isHeld = true;
    return {
      served: entry.served,
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        entry.holds--;
        if (entry.holds === 0) entry.onIdle?.();
      },
    };
  }

  /**
   * Serves these in place of all that was served, from this moment on.
   *
   * @returns Resolves when the requests on what was replaced have ended.
   */
  async replaceAll(served: readonly Served[]): Promise<void> {
    const before = this.#entries;
    this.#entries = new Map(served.map((each) => [each.name, { served: each, holds: 0, onIdle: undefined }]));
    this.#unloaded.clear();
    this.#publishes++;
    await Promise.all([...before.values()].map(retire));
  }

  /** Serves this in place of what has its name. */
  async replace(served: Served): Promise<void> {
    const before = this.#entries.get(served.name);
    this.#entries = new Map([...this.#entries, [served.name, { served, holds: 0, onIdle: undefined }]]);
    this.#unloaded.delete(served.name);
    if (before) await retire(before);
  }

  /** Serves it no more. @returns Resolves when it is idle. @throws {@link ModelNotServedError} */
  remove(name: string): Promise<void> {
    const entry = this.#entry(name, "");
    this.#entries = new Map([...this.#entries].filter(([each]) => each !== name));
    this.#unloaded.add(name);
    return retire(entry);
  }

  #entry(name: string, version: string): Entry {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      if (!this.isPublished) {
        throw new ServerDrainingError(
          "This server is starting: what it serves is not open yet. Ask again in a moment.",
        );
      }
      if (this.#unloaded.has(name)) throw new ServerDrainingError(`The model "${name}" was unloaded.`);
      throw new ModelNotServedError(
        `The model "${name}" is not served here. RepositoryIndex tells what is, as does "twinloom infer" without --model.`,
      );
    }
    const serves = entry.served.version;
    if (version === "" || version === serves) return entry;
    throw new ModelNotServedError(
      `Version "${version}" of the model "${name}" is not served here; version "${serves}" is. Leave the version away to take the one that is served.`,
    );
  }
}

async function retire(entry: Entry): Promise<void> {
  if (entry.holds > 0) {
    await new Promise<void>((resolve) => {
      entry.onIdle = resolve;
    });
  }
  await entry.served.close();
}
