import type { SchemaProblem } from "../../../core/index.ts";
import { TestBeamInvalidError } from "../errors.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import {
  type Cell,
  compareCells,
  gainProblem,
  type HotCell,
  type ResponseConditions,
  temperatureProblems,
} from "../response/conditions.ts";
import type { TestBeamChange } from "./changes.ts";
import { GainWalk } from "./gain-walk.ts";
import { lastSeconds, secondsOf, type TestBeamScript } from "./script.ts";

const MINUTE = 60;
const HOUR = 3600;
/** Equal parts of a history at whose ends it is checked, too. */
const BETWEEN = 1000;

/** How the detector is at a time, and what slow control says of it. */
export interface TestBeamConditions {
  /** After the first event, s. */
  readonly seconds: number;
  /** True thickness of the absorber in each stack, mm. */
  readonly absorberMm: number;
  /** True response. */
  readonly response: ResponseConditions;
  /** Temperature that slow control gives with the events of that time, °C; `undefined` where it is missing. */
  readonly publishedTemperatureC: number | undefined;
}

/** A change from a time on, before another. */
type Timed<C extends TestBeamChange = TestBeamChange> = C & { readonly from: number; readonly to: number };
type Kind<K extends TestBeamChange["change"]> = Timed<Extract<TestBeamChange, { change: K }>>;

/** A test beam's conditions as a function of time. Changes hold from their beginning on, and before their end. */
export class History {
  readonly #script: TestBeamScript;
  readonly #changes: readonly Timed[];
  readonly #walks: ReadonlyMap<Timed, GainWalk>;

  /** @throws `TWIN_TESTBEAM_INVALID` for a gain or a temperature that no detector has. */
  constructor(script: TestBeamScript, { shape }: CalorimeterGeometry) {
    this.#script = script;
    const last = lastSeconds(script);
    this.#changes = script.history.map((change) => ({
      ...change,
      from: secondsOf(change.at, script.eventsPerSecond),
      to:
        "until" in change && change.until ? secondsOf(change.until, script.eventsPerSecond) : Number.POSITIVE_INFINITY,
    }));
    this.#walks = new Map(
      this.#of("gain-walk").map((walk) => {
        const place = this.#changes.indexOf(walk);
        const layers = walk.layers ?? Array.from({ length: shape[0] }, (_, layer) => layer);
        return [walk, new GainWalk({ ...walk, layers, to: Math.min(walk.to, last), place, seed: BigInt(script.seed) })];
      }),
    );
    this.#check(last);
  }

  at(seconds: number): TestBeamConditions {
    const { response } = this.#script;
    return {
      seconds,
      absorberMm: this.absorberMm(seconds),
      response: {
        ...response,
        gains: this.#gains(seconds),
        temperatureC: this.#temperature(seconds),
        hotCells: this.#hotCells(seconds),
        deadCells: this.#deadCells(seconds),
        thresholdMeV: newest(this.#of("threshold"), seconds)?.thresholdMeV ?? response.thresholdMeV,
      },
      publishedTemperatureC: this.#published(seconds),
    };
  }

  absorberMm(seconds: number): number {
    return newest(this.#of("absorber"), seconds)?.absorberMm ?? this.#script.absorberMm;
  }

  /** Every thickness that the beam has, in the order in which a script names them. */
  get absorbersMm(): readonly number[] {
    return [...new Set([this.#script.absorberMm, ...this.#of("absorber").map(({ absorberMm }) => absorberMm)])];
  }

  #of<K extends TestBeamChange["change"]>(kind: K): readonly Kind<K>[] {
    return this.#changes.filter((change): change is Kind<K> => change.change === kind);
  }

  #temperature(seconds: number): number {
    return this.#of("temperature-ramp").reduce(
      (sum, { from, to, kelvinPerMinute }) => sum + kelvinPerMinute * (elapsed(seconds, from, to) / MINUTE),
      this.#script.response.temperatureC,
    );
  }

  #published(seconds: number): number | undefined {
    const changes = this.#changes.filter(({ change }) => change.startsWith("slow-control"));
    const active = changes.findLast((change) => isActive(change, seconds));
    if (active?.change === "slow-control-missing") return undefined;
    const age = active?.change === "slow-control-late" ? active.bySeconds : 0;
    return this.#temperature(Math.max(0, seconds - age));
  }

  #gains(seconds: number): readonly number[] {
    const gains = [...this.#script.response.gains];
    for (const change of this.#changes) {
      if (
        change.from > seconds ||
        !(change.change === "gain-step" || change.change === "gain-drift" || change.change === "gain-walk")
      )
        continue;
      const factorOf = this.#factorOf(change, seconds);
      for (const layer of change.layers ?? gains.keys()) gains[layer] = (gains[layer] as number) * factorOf(layer);
    }
    return gains;
  }

  #factorOf(change: Kind<"gain-step" | "gain-drift" | "gain-walk">, seconds: number): (layer: number) => number {
    if (change.change === "gain-step") return () => change.factor;
    const time = elapsed(seconds, change.from, change.to);
    if (change.change === "gain-drift") return () => 1 + change.perHour * (time / HOUR);
    const walk = this.#walks.get(change) as GainWalk;
    return (layer) => walk.factor(layer, time);
  }

  #hotCells(seconds: number): readonly HotCell[] {
    const { hotCells } = this.#script.response;
    const active = this.#of("hot-cells").filter((change) => isActive(change, seconds));
    if (active.length === 0) return hotCells;
    // A cell that is there twice has the newer noise.
    const byCell = new Map(hotCells.map((hot) => [String(hot.cell), hot]));
    for (const { cells, rate, meanMeV } of active) {
      for (const cell of cells) byCell.set(String(cell), { cell, rate, meanMeV });
    }
    return [...byCell.values()].sort((a, b) => compareCells(a.cell, b.cell));
  }

  #deadCells(seconds: number): readonly Cell[] {
    const { deadCells } = this.#script.response;
    const active = this.#of("dead-cells").filter((change) => isActive(change, seconds));
    if (active.length === 0) return deadCells;
    const all = [...deadCells, ...active.flatMap(({ cells }) => cells)];
    return [...new Map(all.map((cell) => [String(cell), cell])).values()].sort(compareCells);
  }

  /**
   * Each change is worst at its ends and, of a walk, at its turns. Where several work on one layer their product may be worst
   * between; that is looked for at equal times.
   */
  #check(last: number): void {
    const problems = this.#changes.flatMap((change, place): readonly SchemaProblem[] => {
      const times = [change.from, Math.min(change.to, last), ...(this.#walks.get(change)?.extremes ?? [])];
      const [first] = times.flatMap((seconds) => this.#problems(seconds));
      return first === undefined ? [] : [{ path: ["history", place], message: first }];
    });
    if (problems.length > 0) throw new TestBeamInvalidError(problems);
    const parts = this.#changes.length > 1 ? BETWEEN : 1;
    for (let step = 1; step < parts; step++) {
      const [message] = this.#problems((last * step) / parts);
      if (message !== undefined) throw new TestBeamInvalidError([{ path: ["history"], message }]);
    }
  }

  #problems(seconds: number): readonly string[] {
    const { response } = this.at(seconds);
    const layer = response.gains.findIndex((gain) => gainProblem(gain) !== undefined);
    const gain = response.gains[layer];
    return [
      ...(gain === undefined
        ? []
        : [`${seconds} s after the first event the gain of layer ${layer} ${gainProblem(gain)}`]),
      ...temperatureProblems(response, response.temperatureC).map(({ message }) => message),
    ];
  }
}

/** How long a change has gone on, s. */
function elapsed(seconds: number, from: number, to: number): number {
  return Math.max(0, Math.min(seconds, to) - from);
}

function isActive({ from, to }: Timed, seconds: number): boolean {
  return from <= seconds && seconds < to;
}

/** The change that came last; of several at one time the last of the list. */
function newest<C extends Timed>(changes: readonly C[], seconds: number): C | undefined {
  return changes
    .filter(({ from }) => from <= seconds)
    .reduce<C | undefined>(
      (last, change) => (last === undefined || change.from >= last.from ? change : last),
      undefined,
    );
}
