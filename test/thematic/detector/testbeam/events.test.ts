import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createTwin, type Generator, NdArray, type StreamEvent } from "twinloom";
import { hdf5 } from "twinloom/modules/hdf5";
import {
  applyResponse,
  calorimeter,
  gflash,
  type ShowerSet,
  type Showers,
  type ShowersReused,
  TestBeam,
  withResponse,
} from "twinloom/thematic/detector";
import { describe, expect, it } from "vitest";
import { sampleParts } from "../sample.ts";

/** Folder of the reference showers; they are too large for the repository and lie beside it. */
const FOLDER =
  process.env["TWINLOOM_SHOWERS"] ?? fileURLToPath(new URL("../../../../../shared/data/showers", import.meta.url));
const DRIFT = join(FOLDER, "showers-drift-w1.5.h5");

const twin = await createTwin({ plugins: { files: hdf5(), model: gflash(), detector: calorimeter() } });
const { geometry } = twin.detector;
const [thin, thick] = await Promise.all(
  (await sampleParts([0, 60], [60, 100])).map((part) => twin.detector.showers(part)),
);
const sets = [
  { absorberMm: 1.4, showers: thin },
  { absorberMm: 1.5, showers: thick },
] as readonly ShowerSet[];

const CHANGES = [
  { change: "temperature-ramp", at: { seconds: 0.05 }, until: { seconds: 1 }, kelvinPerMinute: 30 },
  { change: "gain-walk", at: { event: 0 }, layers: [4, 5], perRootHour: 5, everySeconds: 0.1 },
  { change: "gain-step", at: { event: 20 }, layers: [7], factor: 1.03 },
  { change: "hot-cells", at: { event: 10 }, cells: [[3, 2, 1]], rate: 0.5, meanMeV: 10 },
  { change: "dead-cells", at: { event: 30 }, cells: [[9, 0, 0]] },
  { change: "threshold", at: { event: 40 }, thresholdMeV: 0.5 },
  { change: "slow-control-missing", at: { event: 80 }, until: { event: 90 } },
];

function beamOf(script: object): TestBeam {
  return new TestBeam(
    { schemaVersion: 1, source: "testbeam/ecal", run: "r7", events: 100, eventsPerSecond: 100, seed: 11, ...script },
    geometry,
  );
}

async function all(events: AsyncIterable<StreamEvent>): Promise<readonly StreamEvent[]> {
  const list: StreamEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}

const valuesOf = ({ tensors }: StreamEvent): Float32Array => (tensors["shower"] as NdArray<"float32">).values();

/** Digest of everything in events. */
function digestOf(events: readonly StreamEvent[]): string {
  const hash = createHash("sha256");
  for (const event of events) {
    const { source, sequence, id, run, timeNs, conditions } = event;
    hash.update(JSON.stringify([source, `${sequence} ${id}`, run, String(timeNs), conditions]));
    hash.update(new Uint8Array(valuesOf(event).buffer));
  }
  return hash.digest("hex");
}

describe("events of a test beam", () => {
  it("have identities, times by the rate, conditions as slow control gives them, and a shower", async () => {
    const beam = beamOf({ eventsPerSecond: 3, events: 7, startsAt: "2026-11-22T08:00:00Z", history: [] });
    const events = await all(beam.events(sets));
    const startNs = BigInt(Date.parse("2026-11-22T08:00:00Z")) * 1_000_000n;
    expect(
      events.map(({ source, sequence, id, run, timeNs }) => [source, sequence, id, run, timeNs - startNs]),
    ).toEqual(
      [0n, 333333333n, 666666667n, 1000000000n, 1333333333n, 1666666667n, 2000000000n].map((after, i) => [
        ...["testbeam/ecal", BigInt(i), BigInt(i), "r7"],
        after,
      ]),
    );
    const { shower } = (events[0] as StreamEvent).tensors;
    expect(shower).toMatchObject({ dtype: "float32", unit: "MeV", dims: ["layer", "alpha", "r"], shape: [45, 16, 9] });
    expect(Object.keys((events[0] as StreamEvent).conditions)).toEqual(["incident_energy", "temperature"]);
  });

  it("are true showers with the conditions of their time applied, and nothing else", async () => {
    const beam = beamOf({ events: 60, response: { responsePerKelvin: -0.02 }, history: CHANGES.slice(0, 6) });
    const truth = await all(beamOf({ events: 60 }).events(sets));
    const read = await all(beam.events(sets));
    for (const [event, { id, conditions }] of read.entries()) {
      const { response, publishedTemperatureC } = beam.conditionsAt(beam.secondsOf(event));
      expect(conditions["temperature"]).toBe(publishedTemperatureC);
      const array = new NdArray(valuesOf(truth[event] as StreamEvent), { dtype: "float32", shape: [1, 45, 16, 9] });
      applyResponse(array, response, { geometry, eventIds: BigInt64Array.of(id), seed: 11n });
      expect(valuesOf(read[event] as StreamEvent), `event ${event}`).toEqual(array.values());
    }
  });

  it("lack the temperature while slow control is missing", async () => {
    const events = await all(beamOf({ history: CHANGES }).events(sets));
    const missing = events.flatMap(({ conditions, id }) =>
      conditions["temperature"] === undefined ? [Number(id)] : [],
    );
    expect(missing).toEqual([80, 81, 82, 83, 84, 85, 86, 87, 88, 89]);
    expect(Object.keys((events[80] as StreamEvent).conditions)).toEqual(["incident_energy"]);
  });

  it("are the same each time, 1,000 of them, and others with another seed", async () => {
    const script = { events: 1000, response: { responsePerKelvin: -0.02 }, history: CHANGES };
    const first = digestOf(await all(beamOf(script).events(sets)));
    expect(digestOf(await all(beamOf(script).events(sets)))).toBe(first);
    expect(digestOf(await all(beamOf({ ...script, seed: 12 }).events(sets)))).not.toBe(first);
  });

  it("end with the reason of the signal", async () => {
    const stop = new AbortController();
    const events = beamOf({ events: 100_000 }).events(sets, { signal: stop.signal });
    const reason = new Error("enough");
    await expect(async () => {
      for await (const { id } of events) if (id === 150n) stop.abort(reason);
    }).rejects.toBe(reason);
  });
});

describe("events from sets of showers", () => {
  const energiesOf = (events: readonly StreamEvent[]): number[] =>
    events.map(({ conditions }) => conditions["incident_energy"] as number);
  const sorted = (numbers: Iterable<number>): number[] => [...numbers].sort((a, b) => a - b);

  it("use each shower once, in seeded order, with its own energy; then shuffle again, and tell it", async () => {
    const told: ShowersReused[] = [];
    const events = await all(beamOf({ events: 150 }).events(sets, { onReuse: (reused) => told.push(reused) }));
    const energies = energiesOf(events);
    const known = sorted((sets[0] as ShowerSet).showers.energyMeV);
    expect(sorted(energies.slice(0, 60))).toEqual(known);
    expect(sorted(energies.slice(60, 120))).toEqual(known);
    expect(energies.slice(60, 120)).not.toEqual(energies.slice(0, 60));
    expect(told).toEqual([
      { absorberMm: 1.4, showers: 60, event: 60, times: 1 },
      { absorberMm: 1.4, showers: 60, event: 120, times: 2 },
    ]);
    const first = valuesOf(events[0] as StreamEvent).reduce((sum, energy) => sum + energy, 0);
    expect(first / (energies[0] as number)).toBeGreaterThan(0.5);
    expect(first / (energies[0] as number)).toBeLessThan(1.3);
  });

  it("are those of the stored showers, bit for bit", async () => {
    const stored = new Map<number, Float32Array>();
    const { showers } = sets[0] as ShowerSet;
    for await (const { start, count, energies } of showers.batches()) {
      for (let i = 0; i < count; i++) {
        stored.set(showers.energyMeV[start + i] as number, energies.values().subarray(i * 6480, (i + 1) * 6480));
      }
    }
    for (const event of await all(beamOf({ events: 60 }).events(sets))) {
      expect(valuesOf(event)).toEqual(stored.get(event.conditions["incident_energy"] as number));
    }
  });

  it("are of the absorber of their time, and go on where a set was left", async () => {
    const history = [
      { change: "absorber", at: { event: 25 }, absorberMm: 1.5 },
      { change: "absorber", at: { event: 40 }, absorberMm: 1.4 },
    ];
    const energies = energiesOf(await all(beamOf({ events: 75, history }).events(sets)));
    const thickEnergies = (sets[1] as ShowerSet).showers.energyMeV;
    expect(energies.map((energy) => thickEnergies.includes(energy))).toEqual(
      Array.from({ length: 75 }, (_, event) => event >= 25 && event < 40),
    );
    expect(new Set(energies).size).toBe(75);
  });

  it("can begin anywhere, and are the same there, also where showers come again and the absorber changes", async () => {
    const history = [...CHANGES, { change: "absorber", at: { event: 117 }, absorberMm: 1.5 }];
    const script = { events: 260, response: { responsePerKelvin: -0.02 }, history };
    const whole = await all(beamOf(script).events(sets));
    for (const from of [1, 100, 130, 259, 260]) {
      const rest = await all(beamOf(script).events(sets, { from }));
      expect(rest.length).toBe(260 - from);
      expect(digestOf(rest), `from ${from}`).toBe(digestOf(whole.slice(from)));
    }
    for (const from of [-1, 0.5, 261]) {
      expect(() => beamOf(script).events(sets, { from })).toThrow(`\`from\` is ${from}`);
    }
  });

  it("have the energies of the script", async () => {
    const energies = energiesOf(await all(beamOf({ events: 100, energyRangeMeV: [2000, 20_000] }).events(sets)));
    expect(Math.min(...energies)).toBeGreaterThanOrEqual(2000);
    expect(Math.max(...energies)).toBeLessThanOrEqual(20_000);
    const one = (sets[0] as ShowerSet).showers.energyMeV[3] as number;
    expect(new Set(energiesOf(await all(beamOf({ events: 3, energyMeV: [one] }).events(sets))))).toEqual(
      new Set([one]),
    );
  });

  it("are refused before the first where a thickness has no set, or two, or there is no such energy", () => {
    const history = [{ change: "absorber", at: { event: 25 }, absorberMm: 1.55 }];
    const refused = expect.objectContaining({ code: "TWIN_TESTBEAM_INVALID" });
    const thirds = (): unknown => beamOf({ history }).events(sets);
    expect(thirds).toThrow(refused);
    expect(thirds).toThrow(
      /an absorber of 1\.55 mm, and there is no set of showers with it\. There are: 1\.4 mm, 1\.5 mm/,
    );
    expect(() => beamOf({}).events([...sets, ...sets])).toThrow(/there are several sets/);
    expect(() => beamOf({ energyMeV: 7 }).events(sets)).toThrow(
      /None of the 60 showers for 1\.4 mm has such an energy/,
    );
  });

  it("are read when they are first needed, whatever the number of cells", async () => {
    const read: string[] = [];
    const large = { ...geometry, shape: [2, 300, 200] as const };
    const fake = (label: string): Showers => ({
      ...{ count: 2, energyMeV: Float64Array.of(1000, 2000), label, geometry: large, attributes: {} },
      async *batches() {
        read.push(label);
        const values = new Float32Array(2 * 120_000);
        values.set([1, 2], 119_998);
        values.set([3, 4], 239_998);
        const init = { dtype: "float32", shape: [2, ...large.shape], dims: ["event", "layer", "alpha", "r"] } as const;
        yield { start: 0, count: 2, energies: new NdArray(values, init) };
      },
      toDataset: () => {
        throw new Error("Nobody asks for it.");
      },
    });
    const many = [1.2, 1.4, 1.5].map((absorberMm) => ({ absorberMm, showers: fake(`${absorberMm} mm`) }));
    const history = [{ change: "absorber", at: { event: 150 }, absorberMm: 1.5 }];
    const script = { schemaVersion: 1, source: "b", events: 200, eventsPerSecond: 1, absorberMm: 1.4, history };
    for await (const event of new TestBeam(script, large).events(many)) {
      expect(read).toEqual(event.id < 150n ? ["1.4 mm"] : ["1.4 mm", "1.5 mm"]);
      const first = event.conditions["incident_energy"] === 1000;
      const { data } = event.tensors["shower"] as NdArray<"float32">;
      expect([...data.subarray(119_998)]).toEqual(first ? [1, 2] : [3, 4]);
      expect(data.indexOf(first ? 1 : 3)).toBe(119_998);
    }
  });

  it("change with the absorber as full simulation does", async ({ skip }) => {
    skip(!existsSync(DRIFT), `No ${DRIFT}. Set TWINLOOM_SHOWERS to the folder that has it.`);
    await using file = await twin.files.open(DRIFT);
    const drifted = [sets[0] as ShowerSet, { absorberMm: 1.5, showers: await twin.detector.showers(file) }];
    const history = [{ change: "absorber", at: { event: 60 }, absorberMm: 1.5 }];
    const seen = { before: [0, 0], after: [0, 0] };
    for await (const event of beamOf({ events: 1060, history }).events(drifted)) {
      const sums = event.id < 60n ? seen.before : seen.after;
      sums[0] = (sums[0] as number) + valuesOf(event).reduce((sum, energy) => sum + energy, 0);
      sums[1] = (sums[1] as number) + (event.conditions["incident_energy"] as number);
    }
    const response = ([visible, incident]: number[]): number => (visible as number) / (incident as number);
    // 0.9080 and 0.8485 by full simulation; the errors of so few showers are a quarter of what is allowed.
    expect(Math.abs(response(seen.before) - 0.908)).toBeLessThan(0.02);
    expect(Math.abs(response(seen.after) - 0.8485)).toBeLessThan(0.005);
  });
});

describe("events from a generator", () => {
  it("are those that it makes of the seed, the ids and energies in the range, with the response applied", async () => {
    const response = { responsePerKelvin: -0.02, temperatureC: 22, thresholdMeV: 0.2 };
    const wire = { shower: { generator: "model" } } as const;
    const responding = await createTwin({
      plugins: { model: gflash(), shower: withResponse({ conditions: response }) },
      wire,
    });
    const events = await all(beamOf({ events: 130, response }).events(twin.model));
    const energies = Float64Array.from(events, ({ conditions }) => conditions["incident_energy"] as number);
    const request = {
      conditions: { incident_energy: energies },
      eventIds: BigInt64Array.from(events, ({ id }) => id),
      seed: 11n,
    };
    for await (const { start, count, arrays } of responding.shower.generate(request)) {
      const values = (arrays["showers"] as NdArray<"float32">).values();
      for (let i = 0; i < count; i++) {
        expect(valuesOf(events[start + i] as StreamEvent)).toEqual(values.slice(i * 6480, (i + 1) * 6480));
      }
    }
    expect(Math.min(...energies)).toBeGreaterThanOrEqual(1000);
    expect(Math.max(...energies)).toBeLessThanOrEqual(100_000);
  });

  it("have energies of a list, all of them", async () => {
    const events = await all(beamOf({ events: 50, energyMeV: [2000, 5000, 10_000] }).events(twin.model));
    expect(new Set(events.map(({ conditions }) => conditions["incident_energy"]))).toEqual(
      new Set([2000, 5000, 10_000]),
    );
  });

  it("do not depend on what comes later", async () => {
    const short = await all(beamOf({ events: 30, history: CHANGES.slice(0, 4) }).events(twin.model));
    const long = await all(beamOf({ events: 120, history: CHANGES.slice(0, 4) }).events(twin.model));
    expect(digestOf(long.slice(0, 30))).toBe(digestOf(short));
  });

  it("can begin anywhere: those of the same batches are made, and none before", async () => {
    const asked: bigint[] = [];
    const watched: Generator = {
      ...twin.model,
      generate: (request) => {
        asked.push(...request.eventIds);
        return twin.model.generate(request);
      },
    };
    const whole = await all(beamOf({ events: 230 }).events(watched));
    asked.length = 0;
    expect(digestOf(await all(beamOf({ events: 230 }).events(watched, { from: 150 })))).toBe(
      digestOf(whole.slice(150)),
    );
    expect(asked).toEqual(Array.from({ length: 130 }, (_, index) => BigInt(100 + index)));
  });

  it("have the absorber of their time, in the generator's unit", async () => {
    const asked: [bigint, number][] = [];
    const conditional: Generator = {
      model: "conditional",
      validity: { ...twin.model.validity, absorber_thickness: { unit: "cm", min: 0.12, max: 0.16 } },
      outputs: twin.model.outputs,
      generate: ({ conditions: { absorber_thickness, ...conditions }, ...request }) => {
        asked.push(...Array.from(request.eventIds, (id, i): [bigint, number] => [id, absorber_thickness?.[i] ?? 0]));
        return twin.model.generate({ ...request, conditions });
      },
    };
    const history = [{ change: "absorber", at: { event: 25 }, absorberMm: 1.5 }];
    await all(beamOf({ events: 40, history }).events(conditional));
    expect(asked).toEqual(Array.from({ length: 40 }, (_, event) => [BigInt(event), event < 25 ? 0.14 : 0.15]));
  });

  it("are refused before the first where the generator has no such absorber or energy", () => {
    const history = [{ change: "absorber", at: { event: 25 }, absorberMm: 1.5 }];
    expect(() => beamOf({ history }).events(twin.model)).toThrow(/has no condition "absorber_thickness"/);
    expect(() => beamOf({ energyMeV: 500 }).events(twin.model)).toThrow(
      expect.objectContaining({ code: "TWIN_OUT_OF_DOMAIN" }),
    );
  });
});
