/**
 * Orders parts so that each comes after those it depends on, otherwise as listed.
 *
 * @param dependencies - By part, the parts it depends on.
 * @returns The order; and the cycles, each as the parts along it, the first one again at the end.
 */
export function dependencyOrder(dependencies: ReadonlyMap<string, readonly string[]>): {
  readonly order: readonly string[];
  readonly cycles: readonly (readonly string[])[];
} {
  const order: string[] = [];
  const cycles: string[][] = [];
  const state = new Map<string, "open" | "done">();
  const path: string[] = [];

  const visit = (part: string): void => {
    if (state.get(part) === "done") return;
    if (state.get(part) === "open") {
      cycles.push([...path.slice(path.indexOf(part)), part]);
      return;
    }
    state.set(part, "open");
    path.push(part);
    for (const dependency of dependencies.get(part) ?? []) visit(dependency);
    path.pop();
    state.set(part, "done");
    order.push(part);
  };

  for (const part of dependencies.keys()) visit(part);
  return { order, cycles };
}
