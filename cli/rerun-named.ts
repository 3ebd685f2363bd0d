import { resolve } from "node:path";
import { loadTolerances, type Rerun, rerun } from "../core/index.ts";
import type { CommandIo } from "./command.ts";
import { loadTwin } from "./load-twin.ts";
import { pairs } from "./parameters.ts";
import { findStore, runOrVersion, type StoreChoice } from "./with-store.ts";

/** What was typed beside the run. */
export interface RerunTyped extends StoreChoice {
  readonly out: string;
  readonly twin?: string | undefined;
  readonly input?: readonly string[] | undefined;
  readonly tolerances?: string | undefined;
  /** Whether a withdrawn version is run. */
  readonly force?: boolean | undefined;
}

/** Repeats a run that was named on the command line. */
export async function rerunNamed(target: string, typed: RerunTyped, io: CommandIo): Promise<Rerun> {
  const { cwd, signal } = io;
  const store = findStore(typed, cwd);
  const inputs = Object.fromEntries(pairs(typed.input ?? []).map(([name, path]) => [name, resolve(cwd, path)]));
  return await rerun(runOrVersion(target, cwd), {
    out: resolve(cwd, typed.out),
    store,
    force: typed.force,
    inputs,
    ...(typed.twin !== undefined && {
      twin: await loadTwin({ twin: typed.twin, store: typed.store, withdrawn: typed.force ? "allow" : "refuse" }, io),
    }),
    ...(typed.tolerances !== undefined && { tolerances: await loadTolerances(resolve(cwd, typed.tolerances)) }),
    signal,
    onProgress: ({ step, fraction, doing }) => io.progress(fraction, `${step}: ${doing}`),
  });
}
