import { Log } from "../contracts/log.ts";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { reasonOf } from "../errors/reason.ts";
import type { SealResult } from "../lifecycle/version/seal.ts";
import type { SealTwinOptions } from "../lifecycle/version/seal-twin.ts";
import { type CheckedComposition, checkComposition, type PlannedPart } from "./check-composition.ts";
import type { Composition, Plugins } from "./composition.ts";
import { ENGINE_PARTS } from "./engine-parts.ts";
import { CompositionError, StopFailedError } from "./errors.ts";
import { describeNeed, type Needs } from "./plugin.ts";
import type { PartRecipe } from "./resolve-parts.ts";
import { RunningParts } from "./running-parts.ts";
import { rememberTwin, type Twin, type TwinComposition, type TwinState, tasksOf } from "./twin.ts";
import { partLog, TwinLog } from "./twin-log.ts";

/** A composition, and how to start it. */
export interface TwinOptions<P extends Plugins = Plugins> extends Composition<P> {
  /** Calls creation off; a running twin is ended with its `stop`. */
  readonly signal?: AbortSignal;
  /** Longest time that one part may take to be created, and again to start; 60,000 by default. */
  readonly startTimeoutMs?: number;
  /** Longest time that one part may take to stop, or to notice that creation was called off; 10,000 by default. */
  readonly stopTimeoutMs?: number;
}

/**
 * Makes a running twin of plugins.
 *
 * First everything that can be known to be wrong is reported together. Then parts are created and started in dependency
 * order, one after the other. If one fails, those that had started are stopped, in reverse, before the error is thrown;
 * what fails in that clean-up is in the error's `suppressed`.
 *
 * @returns The twin: each part under the user's name, `stop()`, and `[Symbol.asyncDispose]` for `await using`.
 * @throws `TWIN_INVALID_COMPOSITION` with all problems, nothing created. `TWIN_START_TIMEOUT`. The coded error of a part
 *   as it is; anything else a part throws as `TWIN_START_FAILED`. The signal's reason when it was aborted.
 *   `TWIN_INVALID_ARGUMENT` without `plugins`, or for a timeout that is no positive number.
 *
 * @example
 * await using twin = await createTwin({ name: "ecal-testbeam", plugins: { files: hdf5(), detector: calorimeter() } });
 * const measured = await twin.files.open("showers.h5");
 */
export async function createTwin<const P extends Plugins>(options: TwinOptions<P>): Promise<Twin<P>> {
  checkOptions(options);
  const { signal, startTimeoutMs = 60_000, stopTimeoutMs = 10_000, ...given } = options;
  checkTimeouts({ startTimeoutMs, stopTimeoutMs });
  signal?.throwIfAborted();
  const composition: TwinComposition = { ...given, name: given.name ?? "twin", tasks: tasksOf(given) };
  const checked = checkComposition(given);
  if (checked.problems.length > 0) {
    throw new CompositionError(`Twin "${composition.name}" cannot be composed`, checked.problems);
  }
  const log = new TwinLog();
  const running = new RunningParts({
    order: checked.order,
    pluginOf: (part) => checked.parts.get(part)?.plugin.definition.name ?? part,
    startTimeoutMs,
    stopTimeoutMs,
    signal,
    log,
  });
  try {
    await running.launch(await partCreator(checked, log));
  } catch (error) {
    throw withSuppressed(
      error,
      (await running.stop()).map((failure) => failure.error),
    );
  }
  const state: TwinState = { composition, parts: running.values, providers: checked.providers, stopped: false };
  return assembleTwin<P>(state, running, given);
}

/** Creates parts by name; each gets the signal of its own creation. */
async function partCreator(
  checked: CheckedComposition,
  log: TwinLog,
): Promise<(part: string, signal: AbortSignal) => Promise<unknown>> {
  // Not at module load: importing the engine should not load its container.
  const { partResolver } = await import("./resolve-parts.ts");
  const signals = new Map<string, AbortSignal>();
  const logPart = checked.providers.of(Log)[0] ?? ENGINE_PARTS.get(Log)?.part;
  const recipe = ({ part, plugin, options, providers }: PlannedPart): PartRecipe => ({
    part,
    providers,
    create: (met) => {
      const signal = signals.get(part) ?? new AbortController().signal;
      return plugin.definition.create(byNeed(plugin.definition.needs ?? {}, met), options, {
        part,
        log: partLog(part, log),
        signal,
      });
    },
  });
  const resolve = partResolver([...checked.parts.values()].map(recipe));
  return async (part, signal) => {
    signals.set(part, signal);
    const value = await resolve(part);
    if (part === logPart) log.attach(value as Log);
    return value;
  };
}

function byNeed(needs: Needs, met: ReadonlyMap<string, readonly unknown[]>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(needs).map(([name, need]) => {
      const values = met.get(name) ?? [];
      return [name, describeNeed(need).kind === "many" ? values : values[0]];
    }),
  );
}

/** @param given - Sealed as it was given: the name that a twin has by default is none. */
function assembleTwin<P extends Plugins>(state: TwinState, running: RunningParts, given: Composition): Twin<P> {
  const { composition } = state;
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      state.stopped = true;
      const failures = await running.stop();
      if (failures.length > 0) throw new StopFailedError(composition.name, failures);
    })();
    return stopping;
  };
  const seal = async (options?: SealTwinOptions): Promise<SealResult> => {
    // Not at module load: few programs that run a twin seal it.
    const { sealTwin } = await import("../lifecycle/version/seal-twin.ts");
    return await sealTwin(given, options);
  };
  const parts = Object.keys(composition.plugins).map((part) => [part, running.values.get(part)]);
  const twin = Object.freeze({ ...Object.fromEntries(parts), stop, seal, [Symbol.asyncDispose]: stop });
  rememberTwin(twin, state);
  return twin as Twin<P>;
}

/** What the compiler tells programs in TypeScript. */
function checkOptions(options: Partial<TwinOptions> | null | undefined): void {
  if (typeof options?.plugins === "object" && options.plugins !== null) return;
  throw new InvalidArgumentError(
    "createTwin() needs `plugins`, an object of plugins by the names of their parts: createTwin({ plugins: { files: hdf5() } }).",
  );
}

function checkTimeouts(timeouts: Readonly<Record<string, number>>): void {
  for (const [name, timeoutMs] of Object.entries(timeouts)) {
    if (!(typeof timeoutMs === "number" && timeoutMs > 0)) {
      throw new InvalidArgumentError(`${name} is ${reasonOf(timeoutMs)}; it must be a positive number.`);
    }
  }
}

function withSuppressed(error: unknown, suppressed: readonly unknown[]): unknown {
  if (suppressed.length > 0 && error instanceof Error && Object.isExtensible(error)) {
    Object.defineProperty(error, "suppressed", { value: suppressed, enumerable: false, configurable: true });
  }
  return error;
}
