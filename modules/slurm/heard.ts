import type { ElementStatus, SubmittedArray } from "../../core/index.ts";
import { isFinal } from "./native-states.ts";
import type { ElementRow } from "./parse-squeue.ts";
import { jobName } from "./render-script.ts";

/** What is known of the elements of one array: what was heard now, and how those ended that Slurm has forgotten since. */
export class HeardArray {
  readonly #array: SubmittedArray;
  readonly #ended = new Map<number, ElementStatus>();
  #now = new Map<number, ElementStatus>();

  constructor(array: SubmittedArray) {
    this.#array = array;
  }

  /** Takes rows of the controller, in place of those before. */
  hear(rows: readonly ElementRow[]): void {
    this.#now = new Map();
    let rest: ElementRow | undefined;
    for (const row of this.#own(rows)) {
      if (row.elements === undefined) rest = row;
      for (const element of row.elements ?? []) this.#set(element, row.status);
    }
    if (rest === undefined) return;
    // Those that waited when the array was canceled have no rows of their own any more.
    for (const element of this.silent()) this.#set(element, rest.status);
  }

  /** Takes rows of the accounts for elements of which the controller said nothing. */
  hearAccounts(rows: readonly ElementRow[]): void {
    const silent = new Set(this.silent());
    for (const { elements = [], status } of this.#own(rows)) {
      for (const element of elements) {
        if (!silent.has(element)) continue;
        // What the controller does not know does not run, whatever the accounts say: it was lost.
        this.#set(element, isFinal(status.state) ? status : { state: "unknown", native: status.native });
      }
    }
  }

  /** Elements of which nothing was heard, and that are not known to have ended. */
  silent(): readonly number[] {
    return Array.from({ length: this.#array.elements }, (_, element) => element).filter(
      (element) => !this.#now.has(element) && !this.#ended.has(element),
    );
  }

  statuses(): readonly ElementStatus[] {
    return Array.from(
      { length: this.#array.elements },
      (_, element) => this.#now.get(element) ?? this.#ended.get(element) ?? { element, state: "unknown" },
    );
  }

  /** A controller that lost its last jobs gives their ids again: only id and name together are the array. */
  #own(rows: readonly ElementRow[]): readonly ElementRow[] {
    const { id, token } = this.#array;
    return rows.filter((row) => row.id === id && row.jobName === jobName(token));
  }

  #set(element: number, status: Omit<ElementStatus, "element">): void {
    if (element >= this.#array.elements) return;
    const known = { element, ...status };
    this.#now.set(element, known);
    if (isFinal(status.state)) this.#ended.set(element, known);
    else this.#ended.delete(element);
  }
}
