import { join } from "node:path";
import { type Adaptable, createTwin, type Expectation, type Features } from "../../../../core/index.ts";
import {
  Adaptation,
  type AdaptationOptions,
  type Attribution,
  attribute,
  type Decision,
  fitConditions,
} from "../../../../modules/adaptation/index.ts";
import { fastsim, shippedModel } from "../../../../modules/fastsim/index.ts";
import { hdf5 } from "../../../../modules/hdf5/index.ts";
import { onnx } from "../../../../modules/onnx/index.ts";
import {
  adaptableDetector,
  adaptedGenerator,
  type Calorimeter,
  calorimeter,
  type ShowerSet,
  type Showers,
  TestBeam,
} from "../../../../thematic/detector/index.ts";
import { FOLDER, featuresOf } from "./shower-features.ts";

/** Full simulation, by the thickness of its absorber, mm. */
const FILES: Readonly<Record<number, string>> = {
  1.2: "showers-drift-w1.2.h5",
  1.3: "showers-drift-w1.3.h5",
  1.4: "showers-test.h5",
  1.5: "showers-drift-w1.5.h5",
  1.6: "showers-drift-w1.6.h5",
};
const PER_SECOND = 2000;
/** Events that a loop is given at once; decisions do not depend on it. */
const CHUNK = 500;

/** The shipped GAN as the twin, with the generator of what it has adapted to behind its calorimeter. */
export interface AdaptedTwin extends AsyncDisposable {
  readonly adaptable: Adaptable;
  readonly ecal: Calorimeter;
  /** Showers `[from, to)` of full simulation with an absorber, mm. */
  simulated(absorberMm: number, from: number, to: number): Promise<Showers>;
  /** Of such showers. */
  features(showers: Showers): Promise<Features>;
}

export async function adaptedTwin(templateShowers: number): Promise<AdaptedTwin> {
  const twin = await createTwin({
    plugins: {
      ...{ files: hdf5(), network: onnx({ file: shippedModel("gan") }), gan: fastsim() },
      ...{ adaptable: adaptableDetector({ templateShowers }), now: adaptedGenerator(), ecal: calorimeter() },
    },
    wire: { adaptable: { generator: "gan" }, now: { generator: "gan" }, ecal: { generator: "now" } },
  });
  const { adaptable, ecal, files } = twin;
  const opened = new Map<number, Promise<Showers>>();
  const open = async (absorberMm: number): Promise<Showers> =>
    ecal.showers(await files.open(join(FOLDER, FILES[absorberMm] as string)));
  return {
    adaptable,
    ecal,
    simulated: async (absorberMm, from, to) => {
      const all = opened.get(absorberMm) ?? open(absorberMm);
      opened.set(absorberMm, all);
      return part(await all, from, to);
    },
    features: (showers) => featuresOf(adaptable, showers, showers.count),
    [Symbol.asyncDispose]: () => twin[Symbol.asyncDispose](),
  };
}

function part(showers: Showers, from: number, to: number): Showers {
  return {
    ...{ count: to - from, energyMeV: showers.energyMeV.slice(from, to), label: showers.label },
    ...{ geometry: showers.geometry, attributes: showers.attributes },
    async *batches({ start = 0, stop = to - from, ...options } = {}) {
      for await (const batch of showers.batches({ ...options, start: from + start, stop: from + stop })) {
        yield { ...batch, start: batch.start - from };
      }
    },
    toDataset: () => {
      throw new Error("Nobody writes these.");
    },
  };
}

/** Of the script of a test beam. */
export type History = readonly {
  readonly change: string;
  readonly absorberMm?: number;
  readonly [entry: string]: unknown;
}[];

/** What a loop made of the events of a test beam. */
export interface BeamRun {
  readonly decisions: readonly Decision[];
  /** At the end. */
  readonly conditions: Readonly<Record<string, number>>;
}

/** Gives a loop the events of a test beam with full simulation, one after the other. */
export async function runBeam(
  { adaptable, ecal, simulated }: AdaptedTwin,
  {
    events,
    history,
    showers,
    seed = 7,
  }: {
    readonly events: number;
    readonly history: History;
    /** Most showers of each thickness; they come again when all were there. */
    readonly showers: number;
    readonly seed?: number;
  },
  options: AdaptationOptions,
): Promise<BeamRun> {
  const script = {
    ...{ schemaVersion: 1, source: "testbeam/ecal", events, eventsPerSecond: PER_SECOND, seed, history },
    energyRangeMeV: [1000, 100_000],
  };
  const thicknesses = [1.4, ...history.flatMap(({ absorberMm }) => absorberMm ?? [])];
  const sets: ShowerSet[] = [];
  for (const absorberMm of new Set(thicknesses)) {
    const count = absorberMm === 1.4 ? showers : Math.min(showers, 5000);
    sets.push({ absorberMm, showers: await simulated(absorberMm, 0, count) });
  }
  const loop = new Adaptation(adaptable, options);
  const decisions: Decision[] = [];
  let chunk = [];
  for await (const event of new TestBeam(script, ecal.geometry).events(sets)) {
    chunk.push(event);
    if (chunk.length < CHUNK) continue;
    decisions.push(...(await loop.add(adaptable.features(chunk))));
    chunk = [];
  }
  const values = loop.conditions;
  const conditions = Object.fromEntries(adaptable.conditions.map(({ name }, i) => [name, values[i] as number]));
  return { decisions, conditions };
}

/** A decision in a word or two, for lists of what happened. */
export function briefly(decision: Decision): string {
  const { kind, events } = decision;
  if (!("attribution" in decision)) return `${events} ${kind}`;
  const { verdict, best } = decision.attribution;
  const moved = best?.moved.map(({ condition, value }) => `${condition} ${value.toFixed(4)}`).join(", ");
  return `${events} ${kind}: ${verdict === "cause" ? moved : verdict}`;
}

/** What events say is the thickness; and what gains they would have with the thickness left where it is. */
export interface Estimates {
  readonly attribution: Attribution;
  readonly thickness: Float64Array;
  readonly gains: Float64Array;
  readonly reductionByGains: number;
}

export function estimatesFrom(adaptable: Adaptable, expectation: Expectation, events: Features): Estimates {
  const from = adaptable.current;
  const attribution = attribute(adaptable, { expectation, features: events }, { from });
  const thickness = from.slice();
  for (const { index, value } of attribution.best?.moved ?? []) thickness[index] = value;
  const moved = adaptable.conditions.flatMap(({ name }, index) => (name.startsWith("gain of layer") ? [index] : []));
  const gains = fitConditions(expectation, events, { conditions: adaptable.conditions, moved, from });
  if (!gains) throw new Error("Gains cannot be told apart.");
  return { attribution, thickness, gains: gains.values, reductionByGains: gains.reduction };
}

/** Showers of the GAN under conditions, at these energies, so many times each. */
export async function generated(
  { adaptable, ecal, features }: AdaptedTwin,
  conditions: Float64Array,
  { energyMeV, copies, seed }: { readonly energyMeV: Float64Array; readonly copies: number; readonly seed: number },
): Promise<Features> {
  const before = adaptable.current;
  await adaptable.apply(conditions);
  const energies = Float64Array.from(
    { length: copies * energyMeV.length },
    (_, i) => energyMeV[i % energyMeV.length] as number,
  );
  const made = await features(await ecal.simulate({ energyMeV: energies, seed }));
  await adaptable.apply(before);
  return made;
}
