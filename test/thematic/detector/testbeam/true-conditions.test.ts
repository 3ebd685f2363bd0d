import { Adaptable, createTwin, resolveNeeds } from "twinloom";
import { fastsim, shippedModel } from "twinloom/modules/fastsim";
import { onnx } from "twinloom/modules/onnx";
import { adaptableDetector, loadGeometry, TestBeam, trueConditions } from "twinloom/thematic/detector";
import { describe, expect, it } from "vitest";

const geometry = await loadGeometry("w-si-45");
const beam = new TestBeam(
  {
    ...{ schemaVersion: 1, source: "beam", seed: 1, events: 1001, eventsPerSecond: 100 },
    startsAt: "2026-11-22T08:00:00Z",
    response: { responsePerKelvin: -0.02 },
    history: [
      { change: "gain-step", at: { seconds: 2 }, layers: [7], factor: 1.03 },
      { change: "gain-step", at: { event: 300 }, factor: 0.9 },
      { change: "absorber", at: { seconds: 4 }, absorberMm: 1.5 },
      { change: "temperature-ramp", at: { seconds: 5 }, until: { seconds: 6 }, kelvinPerMinute: 60 },
      { change: "slow-control-missing", at: { seconds: 5.5 }, until: { seconds: 8 } },
    ],
  },
  geometry,
);
const rows = [...trueConditions(beam)];
const START = BigInt(Date.parse("2026-11-22T08:00:00Z")) * 1_000_000n;

function at(seconds: number): Readonly<Record<string, number>> {
  const timeNs = START + BigInt(Math.round(seconds * 1e9));
  const row = rows.find((one) => one.timeNs === timeNs);
  if (!row) throw new Error(`nothing at ${seconds} s`);
  return row.conditions;
}

describe("trueConditions", () => {
  it("are told from the first event to the last, and on both sides of a change", () => {
    expect(rows[0]?.timeNs).toBe(START);
    expect(rows.at(-1)?.timeNs).toBe(START + 10_000_000_000n);
    expect(rows.every(({ timeNs }, i) => i === 0 || timeNs > (rows[i - 1]?.timeNs ?? 0n))).toBe(true);
    expect(at(2 - 1e-9)["gain of layer 7"]).toBe(1);
    expect(at(2)["gain of layer 7"]).toBe(1.03);
    expect(at(4 - 1e-9)["absorber thickness"]).toBe(1.4);
    expect(at(4)["absorber thickness"]).toBe(1.5);
  });

  it("have what all layers have in common in the common gain", () => {
    const { "common gain": common, "gain of layer 6": sixth, "gain of layer 7": seventh } = at(3);
    expect(common).toBeCloseTo(0.9, 12);
    expect(sixth).toBeCloseTo(1, 12);
    expect(seventh).toBeCloseTo(1.03, 12);
  });

  it("have in the common gain what slow control gets wrong", () => {
    expect(at(5.25)).toMatchObject({ "temperature coefficient": -0.02 });
    expect(at(5.25)["common gain"]).toBeCloseTo(0.9, 12);
    // 1 K more than at the beginning of the ramp, of which slow control has told half.
    expect(at(7)["common gain"]).toBeCloseTo((0.9 * (1 - 0.02)) / (1 - 0.02 * 0.5), 9);
    expect(at(9)["common gain"]).toBeCloseTo(0.9, 12);
  });

  it("have the names and bounds of an adaptable detector's conditions", async () => {
    const network = onnx({ file: shippedModel("gan") });
    await using twin = await createTwin({ plugins: { network, gan: fastsim(), adaptable: adaptableDetector() } });
    const { adaptable } = resolveNeeds(twin, { adaptable: Adaptable });
    const told = Object.keys(at(0));
    expect(told).toEqual(expect.arrayContaining(adaptable.conditions.map(({ name }) => name)));
  });
});
