import { createTwin, decodeEvent, encodeEvent, NdArray, type StreamEvent } from "twinloom";
import { calorimeter, gflash, TestBeam } from "twinloom/thematic/detector";
import { expect, it } from "vitest";
import { toyAdaptable, toyGenerator } from "./toy-showers.ts";

it("an adaptable detector looks at the events that a test beam publishes", async () => {
  const { detector } = await createTwin({ plugins: { model: gflash(), detector: calorimeter() } });
  const script = {
    ...{ schemaVersion: 1, source: "testbeam/ecal", run: "r1", events: 20, eventsPerSecond: 100, seed: 3 },
    energyRangeMeV: [1000, 100_000],
    history: [{ change: "gain-step", at: { event: 10 }, layers: [3], factor: 2 }],
  };
  const published: StreamEvent[] = [];
  for await (const event of new TestBeam(script, detector.geometry).events(toyGenerator)) published.push(event);
  const events = published.map((event) => decodeEvent(encodeEvent(event)));
  const adaptable = await toyAdaptable();
  const { values, timesNs } = adaptable.features(events);
  // Sparse or dense, sums of cells are the same to the bit.
  expect(events[0]?.tensors["shower"]).not.toBeInstanceOf(NdArray);
  expect(adaptable.features(published).values).toEqual(values);
  const columns = values.length / events.length;
  events.forEach((event, i) => {
    const [energy, temperature, ...shares] = values.subarray(i * columns, (i + 1) * columns);
    expect(energy).toBe(event.conditions["incident_energy"]);
    expect(temperature).toBe(event.conditions["temperature"]);
    expect(timesNs[i]).toBe(event.timeNs);
    const cells = event.tensors["shower"]?.values() as Float32Array;
    const layer = cells.subarray(3 * 144, 4 * 144).reduce((sum, cell) => sum + cell, 0);
    expect(shares[3]).toBeCloseTo(layer / (energy as number), 6);
  });
});
