import type { Model } from "../core/index.ts";
import type { CommandIo } from "./command.ts";
import { harmless } from "./harmless.ts";
import { formatTable } from "./table.ts";

/** Prints what a model takes and gives, as two tables. */
export function printTensors(tensors: Pick<Model, "inputs" | "outputs">, io: Pick<CommandIo, "print" | "style">): void {
  const columns = ["name", "dtype", "shape"].map((name) => ({ name }));
  for (const kind of ["inputs", "outputs"] as const) {
    const rows = Object.entries(tensors[kind]).map(([name, spec]) => [
      name,
      spec.dtype,
      spec.shape.join(" × ") || "(scalar)",
    ]);
    io.print(`\n${io.style.bold(kind)}`);
    io.print(harmless(formatTable({ columns, rows })));
  }
}
