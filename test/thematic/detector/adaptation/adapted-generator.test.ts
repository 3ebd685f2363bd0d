import { Adaptable, constant, createTwin, Generator, type JsonValue, type NdArray } from "twinloom";
import { servablesOf } from "twinloom/modules/serving";
import { testGenerator } from "twinloom/testing";
import {
  adaptableDetector,
  adaptedGenerator,
  calorimeter,
  loadGeometry,
  responseConditions,
} from "twinloom/thematic/detector";
import { describe, expect, it } from "vitest";
import { toyGenerator } from "./toy-showers.ts";

const conditions = { incident_energy: Float64Array.of(1, 5, 20, 50, 100) };
const request = { conditions, eventIds: BigInt64Array.of(1n, 2n, 3n, 4n, 5n), seed: 3n };

async function twinOfToy() {
  return createTwin({
    plugins: {
      toy: constant(Generator, toyGenerator),
      adaptable: adaptableDetector({ layers: 6 }),
      now: adaptedGenerator(),
      ecal: calorimeter(),
    },
    wire: { adaptable: { generator: "toy" }, now: { generator: "toy" }, ecal: { generator: "now" } },
  });
}

async function showersOf(generator: Generator, asked: Parameters<Generator["generate"]>[0]): Promise<number[]> {
  const values: number[] = [];
  for await (const { arrays } of generator.generate(asked)) {
    values.push(...(arrays["showers"] as NdArray<"float32">).values().filter((_, cell) => cell % 144 === 0));
  }
  return values;
}

testGenerator(async () => ({ generator: (await twinOfToy()).now, conditions }));

describe("a generator of the detector as it is now", () => {
  it("makes what the other one makes until something is applied, then with its gains, and at its thickness", async () => {
    const { now, adaptable } = await twinOfToy();
    const at = (absorberMm: number): typeof request => ({
      ...request,
      conditions: { ...conditions, absorber_thickness: new Float64Array(5).fill(absorberMm) } as typeof conditions,
    });
    expect(await showersOf(now, request)).toEqual(await showersOf(toyGenerator, at(1.4)));
    const before = now.facts;
    await adaptable.apply(Float64Array.of(0.9, -0.02, 1, 1, 1.1, 1, 1, 1, 1.5));
    const plain = await showersOf(toyGenerator, at(1.5));
    expect(await showersOf(now, request)).toEqual(
      plain.map((energy, cell) => Math.fround(energy * (cell % 45 === 2 ? 0.9 * 1.1 : 0.9))),
    );
    expect(now.facts).toMatchObject({ calibration: { absorberMm: 1.5, response: { responsePerKelvin: -0.02 } } });
    expect(now.facts?.["calibration_digest"]).not.toBe(before?.["calibration_digest"]);
  });

  it("has a name of its own, so that both are served", async () => {
    const twin = await twinOfToy();
    expect(servablesOf(twin).map(({ name }) => name)).toEqual([toyGenerator.model, `${toyGenerator.model}-adapted`]);
    const plugins = {
      toy: constant(Generator, toyGenerator),
      adaptable: adaptableDetector({ layers: 6 }),
      now: adaptedGenerator({ name: "ecal" }),
    };
    const wire = { adaptable: { generator: "toy" }, now: { generator: "toy" } } as const;
    expect((await createTwin({ plugins, wire })).now.model).toBe("ecal");
  });

  it("gives a calibration that withResponse() takes", async () => {
    const { adaptable } = await twinOfToy();
    const at = Float64Array.of(0.9, -0.02, 1, 1, 1.1, 1, 1, 1, 1.5);
    const gains = Array.from({ length: 45 }, (_, layer) => (layer === 2 ? 0.9 * 1.1 : 0.9));
    const calibration = adaptable.calibration(at) as { readonly response: JsonValue };
    const response = responseConditions(calibration.response, await loadGeometry("w-si-45"));
    expect(response.gains).toEqual(gains);
    expect(response.responsePerKelvin).toEqual(gains.map(() => -0.02));
    expect(calibration).toEqual({
      schemaVersion: 1,
      geometry: "w-si-45",
      response: { schemaVersion: 1, gains, referenceTemperatureC: 20, responsePerKelvin: -0.02 },
      absorberMm: 1.5,
    });
  });

  it("refuses an adaptable that is no detector", async () => {
    const line = { calibration: () => ({ slope: 2 }), current: new Float64Array() } as unknown as Adaptable;
    const make = createTwin({
      plugins: {
        toy: constant(Generator, toyGenerator),
        line: constant(Adaptable, line),
        now: adaptedGenerator(),
      },
      wire: { now: { generator: "toy" } },
    });
    await expect(make).rejects.toMatchObject({ message: expect.stringContaining("no calibration of a detector") });
  });
});
