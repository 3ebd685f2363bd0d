import { readFile } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import {
  FileNotFoundError,
  FileUnreadableError,
  type Generator,
  InvalidArgumentError,
  NdArray,
  parseYaml,
  type StreamEvent,
} from "../../../core/index.ts";
import { TestBeamInvalidError } from "../errors.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import { ShowerResponse } from "../response/shower-response.ts";
import { GeneratedSource } from "./generated-source.ts";
import { History, type TestBeamConditions } from "./history.ts";
import { lastSeconds, parseScript, type TestBeamScript } from "./script.ts";
import type { ShowerSource } from "./shower-source.ts";
import { type ShowerSet, type ShowersReused, StoredSource } from "./stored-source.ts";

/** Events that are drawn at once: 2.6 MB of showers of 6,480 cells. */
const BATCH_SIZE = 100;
const NS_PER_SECOND = 1_000_000_000;

/** Who wants the events of a test beam. */
export interface TestBeamEventsOptions {
  /**
   * The first event that is wanted, counted from 0 (default). Those before it are not made; what comes is the same as with
   * them. Finding the place takes well under a microsecond for each that is left out.
   */
  readonly from?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called when all showers of a set were used, and come again: events are no longer independent of each other. */
  readonly onReuse?: ((reused: ShowersReused) => void) | undefined;
}

/**
 * A beam of electrons on a calorimeter that does not stay as it is: its script says what changes, and when. All it makes is a
 * pure function of the script and the source of showers.
 *
 * @example
 * const geometry = await loadGeometry("w-si-45");
 * const beam = await loadTestBeam("drift.yaml", geometry);
 * for await (const event of beam.events(twin.shower)) await stream.publish(encodeEvent(event));
 */
export class TestBeam {
  readonly script: TestBeamScript;
  readonly geometry: CalorimeterGeometry;
  readonly #history: History;
  readonly #startNs: bigint;

  /** @throws `TWIN_TESTBEAM_INVALID` with everything that is wrong. */
  constructor(script: unknown, geometry: CalorimeterGeometry) {
    this.script = parseScript(script, geometry);
    this.geometry = geometry;
    this.#history = new History(this.script, geometry);
    this.#startNs = BigInt(Date.parse(this.script.startsAt)) * 1_000_000n;
  }

  /** Time of the last event, seconds after the first. */
  get durationSeconds(): number {
    return lastSeconds(this.script);
  }

  /**
   * The true conditions at a time, and what slow control says then.
   *
   * @param seconds - After the first event, 0 or more.
   * @throws `TWIN_INVALID_ARGUMENT` for another number.
   */
  conditionsAt(seconds: number): TestBeamConditions {
    if (seconds >= 0 && seconds < Number.POSITIVE_INFINITY) return this.#history.at(seconds);
    throw new InvalidArgumentError(`A test beam begins at 0 seconds; it has no conditions at ${seconds}.`);
  }

  /** When an event comes, seconds after the first. */
  secondsOf(event: number): number {
    return event / this.script.eventsPerSecond;
  }

  /**
   * The events, from the first to the last: `id` and `sequence` count from 0; conditions `incident_energy` (MeV) and, where slow
   * control is not missing, `temperature` (°C); the tensor `shower`, float32, MeV, `[layer, alpha, r]`, as it is read out.
   *
   * @param source - A generator of true showers; or sets of them, one for each thickness of the absorber in the script, dealt in
   *   seeded order without replacement. Of a set the showers with energies of the script are read when they are first needed, and
   *   kept without their empty cells: about 4 kB each.
   * @throws Before the first event `TWIN_TESTBEAM_INVALID` where there are no showers for a thickness; `TWIN_NO_SIMULATOR`,
   *   `TWIN_OUT_OF_DOMAIN`, `TWIN_INVALID_ARGUMENT` for a generator that cannot make these events, or a `from` that is no
   *   number of an event. Iterating throws the signal's reason, and what the source throws.
   */
  events(source: Generator | readonly ShowerSet[], options: TestBeamEventsOptions = {}): AsyncIterable<StreamEvent> {
    const { geometry, script } = this;
    const { absorbersMm } = this.#history;
    const { from = 0, signal } = options;
    if (!Number.isSafeInteger(from) || from < 0 || from > script.events) {
      throw new InvalidArgumentError(`\`from\` is ${from}; events are counted from 0, and there are ${script.events}.`);
    }
    const showers = isSets(source)
      ? new StoredSource(source, script, { geometry, absorbersMm, onReuse: options.onReuse })
      : new GeneratedSource(source, script, { geometry, absorbersMm });
    return this.#events(showers, from, signal);
  }

  async *#events(source: ShowerSource, from: number, signal: AbortSignal | undefined): AsyncGenerator<StreamEvent> {
    const response = new ShowerResponse(this.geometry);
    const seed = BigInt(this.script.seed);
    for (let start = 0; start < this.script.events; ) {
      // Lets timers and signals in between batches.
      await setImmediate();
      signal?.throwIfAborted();
      const range = this.#range(start);
      start = range.stop;
      if (range.stop <= from) {
        source.skip(range);
        continue;
      }
      // Batches are the same wherever one begins: what a network computes may depend on its neighbours in the last bits.
      let event = range.start - 1;
      for await (const { energyMeV, shower } of source.draw({ ...range, signal })) {
        event++;
        if (event < from) continue;
        const { response: conditions, publishedTemperatureC } = this.#history.at(this.secondsOf(event));
        const id = BigInt(event);
        response.apply(shower, conditions, { id, seed });
        yield {
          source: this.script.source,
          sequence: id,
          id,
          run: this.script.run,
          timeNs: this.#timeNs(event),
          conditions: {
            incident_energy: energyMeV,
            ...(publishedTemperatureC !== undefined && { temperature: publishedTemperatureC }),
          },
          tensors: { shower: this.#tensor(shower) },
        };
      }
    }
  }

  /** The next events, all with one thickness of absorber. */
  #range(start: number): { readonly start: number; readonly stop: number; readonly absorberMm: number } {
    const absorberMm = this.#history.absorberMm(this.secondsOf(start));
    const end = Math.min(start + BATCH_SIZE, this.script.events);
    let stop = start + 1;
    while (stop < end && this.#history.absorberMm(this.secondsOf(stop)) === absorberMm) stop++;
    return { start, stop, absorberMm };
  }

  #timeNs(event: number): bigint {
    const seconds = this.secondsOf(event);
    const whole = Math.floor(seconds);
    return (
      this.#startNs + BigInt(whole) * BigInt(NS_PER_SECOND) + BigInt(Math.round((seconds - whole) * NS_PER_SECOND))
    );
  }

  #tensor(shower: Float32Array): NdArray<"float32"> {
    const { shape } = this.geometry;
    return new NdArray(shower, { dtype: "float32", shape, dims: ["layer", "alpha", "r"], unit: "MeV" });
  }
}

/**
 * Reads the script of a test beam from a YAML file.
 *
 * @param geometry - The calorimeter that the beam is on: layers and cells of the script are its.
 * @throws `TWIN_TESTBEAM_INVALID` with everything that is wrong, saying line and column; `TWIN_FILE_NOT_FOUND`,
 *   `TWIN_FILE_UNREADABLE`.
 */
export async function loadTestBeam(path: string, geometry: CalorimeterGeometry): Promise<TestBeam> {
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") throw new FileNotFoundError(path, { cause });
    throw new FileUnreadableError(path, `${cause.message}.`, { cause });
  });
  const yaml = await parseYaml(text);
  if (yaml.problem !== undefined) {
    throw new TestBeamInvalidError([{ path: [], message: yaml.problem }], () => `${path} `);
  }
  try {
    return new TestBeam(yaml.value, geometry);
  } catch (thrown) {
    if (!(thrown instanceof TestBeamInvalidError)) throw thrown;
    throw new TestBeamInvalidError(thrown.problems, (problem) => {
      const { line, column } = yaml.placeOf(problem.path);
      return `${path}:${line}:${column} `;
    });
  }
}

function isSets(source: Generator | readonly ShowerSet[]): source is readonly ShowerSet[] {
  return Array.isArray(source);
}
