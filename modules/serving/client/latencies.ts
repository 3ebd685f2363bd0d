/** Newest answers that count. */
const KEPT = 32;
/** How much longer than usual an answer may take before another server is asked, too. */
const PATIENCE = 4;
const SHORTEST_PATIENCE_MS = 50;

/** How long answers took, by kind of request. */
export class Latencies {
  readonly #byKind = new Map<number, number[]>();

  /** @param kind - What is to take about as long: the same kind. */
  note(kind: number, latencyMs: number): void {
    const kept = this.#byKind.get(kind);
    if (kept === undefined) this.#byKind.set(kind, [latencyMs]);
    else if (kept.push(latencyMs) > KEPT) kept.shift();
  }

  /** How long to wait for an answer before somebody else is asked, too; `undefined` where none has come yet. */
  patienceMs(kind: number): number | undefined {
    const sorted = this.#byKind.get(kind)?.toSorted((a, b) => a - b);
    const median = sorted?.[Math.floor(sorted.length / 2)];
    return median === undefined ? undefined : Math.max(SHORTEST_PATIENCE_MS, PATIENCE * median);
  }
}
