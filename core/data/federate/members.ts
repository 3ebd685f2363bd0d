import { readWatched } from "../access/watch-reads.ts";
import type { OnRead, ReadEvent } from "../access/watched.ts";
import type { NdArray } from "../nd-array.ts";
import { findVariable } from "../tree.ts";
import { describePart, standardNamesOf } from "./describe-part.ts";
import { PartUnavailableError } from "./errors.ts";
import type { FederateOptions } from "./options.ts";
import type { PartFacts, VariableFacts } from "./part.ts";
import { PartPool, type PartState } from "./part-pool.ts";
import type { PartVariable } from "./reconcile.ts";

/** A part that could be opened. */
export interface Member {
  readonly name: string;
  readonly state: PartState;
  readonly facts: PartFacts;
}

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** The parts of a federation: opened, described, and read from. */
export class Members {
  readonly location: string;
  readonly pool: PartPool;
  readonly states: readonly PartState[];
  /** Those that could be opened, in the given order. A part's number is its place here. */
  members: readonly Member[] = [];
  /** Parts that could not be opened. */
  away: readonly PartState[] = [];
  /** Reads of coordinates, which every later read rests on. */
  readonly openingReads: ReadEvent[] = [];
  readonly #options: FederateOptions;
  #isOpening: boolean = true;

  constructor(options: FederateOptions, location: string) {
    this.#options = options;
    this.location = location;
    this.pool = new PartPool({ concurrency: options.concurrency ?? 16, maxOpen: options.maxOpen ?? 256, location });
    this.states = options.parts.map((part) => ({ part, version: undefined, error: undefined, checked: new Set() }));
  }

  /**
   * Opens all parts, reads what they say of themselves, and `look`s at each while it is open.
   *
   * @throws {@link PartUnavailableError} for the first part where none could be opened, or where one could not that must.
   */
  async open<T>(look: (member: Member) => Promise<T>): Promise<ReadonlyMap<Member, T>> {
    const { match, unavailable = "report", signal } = this.#options;
    const first = match === "standard_name" ? await this.#firstNames() : undefined;
    const described = await Promise.all(
      this.states.map(async (state): Promise<readonly [Member, T] | undefined> => {
        try {
          const facts = await this.#describe(state, first);
          const member = { name: state.part.name, state, facts };
          return [member, await look(member)];
        } catch (error) {
          signal?.throwIfAborted();
          if (!(error instanceof PartUnavailableError)) throw error;
          if (unavailable === "refuse") throw error;
          return undefined;
        }
      }),
    );
    const found = described.filter((each) => each !== undefined);
    const [failed] = this.states;
    if (found.length === 0 && failed) throw new PartUnavailableError(failed.part.name, failed.error);
    this.members = found.map(([member]) => member);
    this.away = this.states.filter((_, number) => described[number] === undefined);
    return new Map(found);
  }

  /** The part's variable of a path; `undefined` where it has none. */
  variableOf(number: number, path: string): PartVariable | undefined {
    const member = this.members[number] as Member;
    const facts = member.facts.variables.get(path);
    return facts && { part: member.name, facts };
  }

  /** All parts' variables of a path, with the numbers of the parts. */
  variablesOf(path: string): readonly (PartVariable & { readonly number: number })[] {
    return this.members.flatMap((_, number) => {
      const variable = this.variableOf(number, path);
      return variable ? [{ ...variable, number }] : [];
    });
  }

  /** Reads variables of a part, all while it is open. */
  async read(
    { state }: Member,
    reads: readonly { readonly variable: VariableFacts; readonly selections: Parameters<typeof readWatched>[2] }[],
    options: Abortable & { readonly onRead?: OnRead | undefined } = {},
  ): Promise<readonly (readonly NdArray[])[]> {
    const onRead = this.#listener(options.onRead);
    return await this.pool.use(
      state,
      // Together, so that a reader which works elsewhere is not waited for in between.
      async (dataset) =>
        await Promise.all(
          reads.map(({ variable, selections }) => {
            const found = findVariable(dataset, variable.ownPath);
            return readWatched(dataset, found, selections, { signal: options.signal, onRead });
          }),
        ),
      options,
    );
  }

  /** From now on reads are those of readers. */
  opened(): void {
    this.#isOpening = false;
  }

  async #describe(state: PartState, standardNames: ReadonlyMap<string, string> | undefined): Promise<PartFacts> {
    const { rename, signal } = this.#options;
    return await this.pool.use(state, async (dataset) => describePart(state.part, dataset, { rename, standardNames }), {
      signal,
    });
  }

  /** Names by standard name of the first part that can be opened. */
  async #firstNames(): Promise<ReadonlyMap<string, string> | undefined> {
    for (const state of this.states) {
      try {
        const facts = await this.#describe(state, undefined);
        return standardNamesOf(facts.variables.values());
      } catch (error) {
        if (!(error instanceof PartUnavailableError)) throw error;
      }
    }
    return undefined;
  }

  #listener(onRead: OnRead | undefined): OnRead | undefined {
    const all = this.#options.onRead;
    const isOpening: boolean = this.#isOpening;
    if (!all && !onRead && !isOpening) return undefined;
    return (read) => {
      if (isOpening) this.openingReads.push(read);
      all?.(read);
      onRead?.(read);
    };
  }
}
