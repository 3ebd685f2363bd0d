import type { CounterFaults } from "../../../core/index.ts";
import type { ProvenCounterFinding } from "./counter-decision.ts";

/** The counters that are faulty. */
export function faultyIn({ silent, noisy }: CounterFaults): readonly number[] {
  return [...silent, ...noisy.map(({ counter }) => counter)];
}

/** Faults after what was proven. */
export function withFindings(
  { silent, noisy }: CounterFaults,
  findings: readonly ProvenCounterFinding[],
): CounterFaults {
  const moved = new Set(findings.map(({ counter }) => counter));
  const added = findings.flatMap(({ counter, to, rate }) =>
    to === "noisy" ? [{ counter, rate: rate as number }] : [],
  );
  return {
    silent: [
      ...silent.filter((counter) => !moved.has(counter)),
      ...findings.flatMap(({ counter, to }) => (to === "silent" ? [counter] : [])),
    ].sort((a, b) => a - b),
    noisy: [...noisy.filter(({ counter }) => !moved.has(counter)), ...added].sort((a, b) => a.counter - b.counter),
  };
}
