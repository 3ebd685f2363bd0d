import { resolve } from "node:path";
import { loadSpec, parseSweep, readSweepTable, type SealedBatch, sealBatch } from "../core/index.ts";
import type { CommandIo } from "./command.ts";
import { inStore, isTwinFile } from "./load-twin.ts";
import { pairs } from "./parameters.ts";
import type { SubmitChoice } from "./submit-options.ts";

/** Seals the batch that was typed. @param folder - Absolute. @throws what `sealBatch`, `parseSweep` and `readSweepTable` throw. */
export async function sealTypedBatch(
  folder: string,
  { twin, name }: { readonly twin: string; readonly name: string },
  typed: Pick<SubmitChoice, "parameter" | "zip" | "table" | "input" | "seed" | "store" | "force">,
  io: Pick<CommandIo, "cwd" | "signal" | "warn">,
): Promise<SealedBatch> {
  const { cwd, signal } = io;
  const rows = typed.table === undefined ? undefined : await readSweepTable(resolve(cwd, typed.table), { signal });
  const { parameters, ...sweep } = parseSweep(typed.parameter, { mode: typed.zip ? "zip" : "product", rows });
  const options = {
    ...{ name, sweep, parameters, seed: typed.seed, force: typed.force, signal },
    inputs: Object.fromEntries(pairs(typed.input).map(([input, path]) => [input, resolve(cwd, path)])),
    onNote: (note: string) => io.warn(note),
  };
  if (isTwinFile(twin, cwd)) {
    return await sealBatch(folder, { ...options, twin: await loadSpec(resolve(cwd, twin), { signal }) });
  }
  return await inStore({ twin, store: typed.store }, io, (store) =>
    sealBatch(folder, { ...options, twin: { store, version: twin } }),
  );
}
