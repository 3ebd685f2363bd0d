import {
  constant,
  createTwin,
  type Expectation,
  type Features,
  Generator,
  type JsonValue,
  type StreamEvent,
} from "twinloom";
import { adaptableDetector, gflash } from "twinloom/thematic/detector";
import { describe, expect, it } from "vitest";
import { type Attribution, attribute } from "../../../../modules/adaptation/index.ts";
import { gaussNewton, indexOf, initialOf } from "./gauss-newton.ts";
import { toyAdaptable, toyEvents, toyGenerator } from "./toy-showers.ts";

const COLUMNS = 2 + 6;
const adaptable = await toyAdaptable();
const reference = adaptable.features(toyEvents(0, 4000));
const expectation = await adaptable.expect(reference, initialOf(adaptable));
const moving = (features: Features, ...names: string[]): ReturnType<typeof gaussNewton> =>
  gaussNewton(expectation, features, { adaptable, free: names.map((name) => indexOf(adaptable, name)) });

/** Why events are not as expected. */
const attributed = (features: Features): Attribution =>
  attribute(adaptable, { expectation, features }, { from: initialOf(adaptable), referenceEvents: reference.count });

function around(each: Expectation, conditions: Float64Array): Expectation {
  const made = each.around?.(conditions);
  if (!made) throw new Error("It has no spread.");
  return made;
}

/** With other layers, temperatures or energies. */
function changed(
  { count, values, timesNs }: Features,
  change: (value: number, column: number, event: number) => number,
): Features {
  const other = values.map((value, i) => change(value, i % COLUMNS, Math.floor(i / COLUMNS)));
  return { count, values: other, timesNs };
}

describe("an adaptable detector", () => {
  const events = adaptable.features(toyEvents(50_000, 3000));

  it("knows its conditions and causes by the generator and the layers that are looked at", async () => {
    expect(adaptable.conditions.map(({ name, unit }) => `${name} [${unit}]`)).toEqual([
      "common gain [1]",
      "temperature coefficient [1/K]",
      ...[0, 1, 2, 3, 4, 5].map((layer) => `gain of layer ${layer} [1]`),
      "absorber thickness [mm]",
    ]);
    expect(adaptable.conditions.at(-1)).toMatchObject({ min: 1.2, max: 1.6, initial: 1.4 });
    expect(adaptable.causes.map(({ rung, mayJoin }) => `${rung} ${mayJoin}`)).toEqual([
      ...new Array<string>(8).fill("1 true"),
      "1 false",
      "2 false",
    ]);
    expect(adaptable.causes.at(-2)).toMatchObject({ name: "gains of all layers", conditions: [2, 3, 4, 5, 6, 7] });
    const twin = await createTwin({ plugins: { fast: gflash(), adaptable: adaptableDetector() } });
    expect(twin.adaptable.conditions.map(({ name }) => name).slice(-2)).toEqual([
      "gain of layer 28",
      "gain of layer 29",
    ]);
  });

  it("is asked for layers that are there", async () => {
    const make = createTwin({
      plugins: { toy: constant(Generator, toyGenerator), adaptable: adaptableDetector({ layers: 46 }) },
    });
    await expect(make).rejects.toMatchObject({ message: expect.stringContaining("has 45") });
  });

  it("reads energy, temperature and the layers' shares of the energy", () => {
    const [event] = toyEvents(5, 1) as [StreamEvent];
    const { shower } = event.tensors;
    const energy = event.conditions["incident_energy"] as number;
    const [first, ...rest] = adaptable.features([event]).values;
    expect(first).toBe(energy);
    expect(rest).toEqual([
      event.conditions["temperature"],
      ...[0, 1, 2, 3, 4, 5].map((layer) => (shower?.values()[layer * 144] as number) / energy),
    ]);
    const { temperature: _, ...unknown } = event.conditions;
    expect(adaptable.features([{ ...event, conditions: unknown }]).values[1]).toBeNaN();
    (shower?.values() as Float32Array)[2 * 144 + 7] = Number.NaN;
    expect(Array.from(adaptable.features([event]).values, Number.isNaN)).toEqual(
      Array.from({ length: COLUMNS }, (__, column) => column === 4),
    );
  });

  it("finds a thickness, a gain of one layer, and a temperature coefficient, each by itself", () => {
    const thicker = adaptable.features(toyEvents(60_000, 3000, { absorberMm: 1.5 }));
    const thickness = moving(thicker, "absorber thickness");
    expect(thickness.conditions.at(-1)).toBeCloseTo(1.5, 2);
    expect(thickness.reduction).toBeGreaterThan(moving(thicker, "common gain").reduction + 100);
    const gained = moving(
      changed(events, (value, column) => (column === 4 ? 1.03 * value : value)),
      "gain of layer 2",
    );
    expect(Math.abs((gained.conditions[4] as number) - 1.03)).toBeLessThan(4 * (gained.errors[0] as number));
    expect(gained.errors[0]).toBeLessThan(0.004);
    const warm = adaptable.features(toyEvents(70_000, 3000, { perKelvin: -0.02 }));
    const coefficient = moving(warm, "temperature coefficient");
    expect(Math.abs((coefficient.conditions[1] as number) + 0.02)).toBeLessThan(4 * (coefficient.errors[0] as number));
    expect(coefficient.errors[0]).toBeLessThan(0.001);
  });

  it("finds that the gains of all layers have changed, each another way", () => {
    const gains = [0.98, 1.03, 0.96, 1.02, 1.05, 0.99];
    const { verdict, best } = attributed(
      changed(events, (value, column) => (column < 2 ? value : value * (gains[column - 2] as number))),
    );
    expect(verdict).toBe("cause");
    expect(best?.causes).toEqual(["gains of all layers"]);
    for (const { index, value, error } of best?.moved ?? []) {
      expect(Math.abs(value - (gains[index - 2] as number)), `${index}`).toBeLessThan(4 * (error as number));
    }
  });

  it("does not take a response that is not linear in energy for gains of layers, near as they come", () => {
    const { verdict, best, left } = attributed(
      changed(events, (value, column, event) =>
        column < 2 ? value : value * ((events.values[event * COLUMNS] as number) / 10_000) ** 0.02,
      ),
    );
    expect(verdict).toBe("unexplained");
    expect(best?.causes).toEqual(["gains of all layers"]);
    expect(left.scores.probability).toBeLessThan(1e-9);
  });

  it("takes a missing temperature for the reference's, and learns nothing of the coefficient from it", () => {
    const unknown = changed(events, (value, column) => (column === 1 ? Number.NaN : value));
    const at = initialOf(adaptable).with(1, -0.02);
    const scores = expectation.scores(unknown, at);
    const column = (index: number): Float64Array => scores.filter((_, i) => i % adaptable.conditions.length === index);
    expect(column(1).every((score) => score === 0)).toBe(true);
    expect(column(0).every((score) => score !== 0)).toBe(true);
    expect(expectation.deviance(unknown, at)).toEqual(expectation.deviance(unknown, initialOf(adaptable)));
  });

  it("is not led astray by single bad events: one in twenty has a layer that reads a hundred times too much", () => {
    const good = moving(events, "common gain");
    const bad = changed(events, (value, column, event) => (event % 20 === 0 && column === 4 ? 100 * value : value));
    const fitted = moving(bad, "common gain");
    const shift = Math.abs((fitted.conditions[0] as number) - (good.conditions[0] as number));
    expect(shift).toBeLessThan((good.errors[0] as number) / 2);
  });

  it("uses the layers that are left when some were not measured, as if the others did not exist", () => {
    const without = changed(events, (value, column) => (column === 3 || column === 6 ? Number.NaN : value));
    const marginal = moving(without, "common gain");
    const all = moving(events, "common gain");
    expect(marginal.errors[0]).toBeGreaterThan(all.errors[0] as number);
    expect(Math.abs((marginal.conditions[0] as number) - 1)).toBeLessThan(4 * (marginal.errors[0] as number));
    const scores = expectation.scores(without, initialOf(adaptable));
    const unmeasured = scores.filter((_, i) => [2 + 1, 2 + 4].includes(i % adaptable.conditions.length));
    expect(unmeasured.every((score) => score === 0)).toBe(true);
  });

  it("is right for a beam of one energy, whatever it knows of others", async () => {
    const features = adaptable.features(toyEvents(80_000, 2000, { energyMeV: 20_000 }));
    const atOne = await adaptable.expect(features, initialOf(adaptable));
    const { conditions, errors } = gaussNewton(atOne, features, { adaptable, free: [0] });
    expect(Math.abs((conditions[0] as number) - 1)).toBeLessThan(errors[0] as number);
  });

  it("expects the same of events that were measured under other conditions", async () => {
    const at = Float64Array.of(0.97, -0.01, 1, 1, 1.05, 1, 1, 1, 1.45);
    const measured = (first: number, count: number): Features =>
      changed(adaptable.features(toyEvents(first, count, { absorberMm: 1.45, perKelvin: -0.01 })), (value, column) =>
        column < 2 ? value : value * 0.97 * (column === 4 ? 1.05 : 1),
      );
    const other = await adaptable.expect(measured(0, 4000), at);
    const both = [expectation, around(other, initialOf(adaptable))].map((each) =>
      each.deviance(events, initialOf(adaptable)),
    );
    const [ours, theirs] = both.map((deviances) => deviances.reduce((sum, value) => sum + value, 0) / events.count);
    expect(Math.abs((theirs as number) - (ours as number))).toBeLessThan(0.05);
  });

  it("has the same deviances around what has changed, be it gains, a temperature or the thickness", () => {
    const meanAt = (each: typeof expectation, features: Features, at: Float64Array): number =>
      each.deviance(features, at).reduce((sum, value) => sum + value, 0) / features.count;
    const usual = meanAt(expectation, events, initialOf(adaptable));
    const changes = {
      gains: {
        at: Float64Array.of(1.15, 0, 1, 1, 0.8, 1, 1, 1, 1.4),
        features: changed(events, (value, column) => (column < 2 ? value : value * 1.15 * (column === 4 ? 0.8 : 1))),
      },
      temperature: {
        at: initialOf(adaptable).with(1, -0.03),
        features: adaptable.features(toyEvents(50_000, 3000, { perKelvin: -0.03 })),
      },
      thickness: {
        at: initialOf(adaptable).with(8, 1.55),
        features: adaptable.features(toyEvents(50_000, 3000, { absorberMm: 1.55 })),
      },
    };
    for (const [name, { at, features }] of Object.entries(changes)) {
      expect(Math.abs(meanAt(around(expectation, at), features, at) - usual), name).toBeLessThan(
        name === "thickness" ? 0.15 : 1e-3,
      );
    }
    const { at, features } = changes.gains;
    expect(meanAt(expectation, features, at)).toBeGreaterThan(usual + 0.5);
  });

  it("restores no expectation of another twin", async () => {
    const document = expectation.toJSON() as { readonly [entry: string]: JsonValue };
    for (const change of [{ geometry: "other" }, { layers: 7 }, { absorber: null }, { mean: [1] }]) {
      expect(() => adaptable.restore({ ...document, ...change })).toThrow(/cannot be restored by a twin of 6 layers/);
    }
    expect(() => adaptable.restore({ ...document, precision: "none" })).toThrow(/precision/);
  });

  it("makes its showers once, also after a call that was aborted while they were made", async () => {
    let calls = 0;
    const counting: Generator = {
      ...toyGenerator,
      generate: (...given) => {
        calls++;
        return toyGenerator.generate(...given);
      },
    };
    const other = await toyAdaptable(counting);
    const abort = new AbortController();
    const aborted = other.expect(reference, initialOf(other), { signal: abort.signal });
    abort.abort(new Error("called off"));
    await expect(aborted).rejects.toThrow("called off");
    calls = 0;
    const first = await other.expect(reference, initialOf(other));
    await other.expect(reference, initialOf(other));
    expect(calls).toBe(3);
    expect(first.toJSON()).toEqual(expectation.toJSON());
  });
});
