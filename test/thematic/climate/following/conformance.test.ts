import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import {
  type Adaptable,
  artifact,
  createTwin,
  type Generator,
  NdArray,
  RandomStream,
  type StreamEvent,
  solveSymmetric,
} from "../../../../core/index.ts";
import { saveEmulator } from "../../../../thematic/climate/following/document.ts";
import { type ClimateTwin, climateEmulator } from "../../../../thematic/climate/following/plugin.ts";
import { testAdaptable, testGenerator } from "../../../conformance/index.ts";
import { sample } from "./shared.ts";

async function openTwin(): Promise<{ readonly climate: ClimateTwin; dispose(): Promise<void> }> {
  const { emulator, network } = await sample();
  const folder = await mkdtemp(join(tmpdir(), "twinloom-climate-"));
  const file = join(folder, "emulator.json");
  await saveEmulator(emulator.document, file);
  const twin = await createTwin({
    plugins: { climate: climateEmulator({ model: artifact(file), steps: 3, stations: [...network.stations] }) },
  });
  return {
    climate: twin.climate,
    dispose: async () => {
      await twin.stop();
      await rm(folder, { recursive: true });
    },
  };
}

testGenerator(async () => {
  const { climate, dispose } = await openTwin();
  const generator: Generator = climate;
  return { generator, conditions: { start_day: Float64Array.of(1, 59, 59, 200.5, 365, 180) }, dispose };
});

testAdaptable(async () => {
  const { climate, dispose } = await openTwin();
  const adaptable: Adaptable = climate;
  return {
    adaptable,
    reference: await eventsOf(climate, 1n, 600),
    events: await eventsOf(climate, 2n, 250),
    invalid: [
      { event: event(0n, {}), words: ["values", "missing"] },
      { event: event(0n, { values: [1, 2] }), words: ["2 values", "10 stations"] },
      { event: event(0n, { values: [1, 2], stations: [0, 10] }), words: ["station 10"] },
      { event: event(0n, { values: [1], stations: [0, 1] }), words: ["2 stations for 1"] },
    ],
    dispose,
  };
});

it("finds where a climate has moved to, within its errors, and generates that climate from then on", async () => {
  const { climate, dispose } = await openTwin();
  try {
    const reference = climate.features(await eventsOf(climate, 1n, 600));
    const expectation = await climate.expect(reference, climate.current);
    const moved = Float64Array.of(0.8, -0.5, 0.3, 1.2);
    await climate.apply(moved);
    expect(climate.facts?.["shift"]).toEqual({ offsets: [0.8, -0.5, 0.3], spread: 1.2 });
    const events = climate.features(await eventsOf(climate, 2n, 600));
    // Newton's steps with the information that the expectation states.
    let found = Float64Array.of(0, 0, 0, 1);
    let errors = new Float64Array(4);
    for (let step = 0; step < 20; step++) {
      const scores = expectation.scores(events, found);
      const total = Float64Array.from({ length: 4 }, (_, k) =>
        scores.reduce((sum, score, at) => (at % 4 === k ? sum + score : sum), 0),
      );
      const information = expectation.information(events, found);
      const move = solveSymmetric(information, total) as Float64Array;
      found = found.map((value, k) => value + (move[k] as number));
      errors = Float64Array.from({ length: 4 }, (_, k) => {
        const column = solveSymmetric(information, new Float64Array(4).with(k, 1)) as Float64Array;
        return Math.sqrt(column[k] as number);
      });
    }
    // The reference has an error of the same size; five of both.
    found.forEach((value, k) => {
      expect(Math.abs(value - (moved[k] as number))).toBeLessThan(5 * Math.SQRT2 * (errors[k] as number));
    });
    // So that this can fail: the errors are small beside what has moved.
    expect(Math.max(...errors)).toBeLessThan(0.06);
    expect(climate.calibration(moved)).toEqual({
      schemaVersion: 1,
      emulator: climate.emulator.digest,
      offsets: [0.8, -0.5, 0.3],
      spread: 1.2,
    });
  } finally {
    await dispose();
  }
});

/** Independent days, as far apart as the twin looks: the first of trajectories that the generator makes, with the errors of the stations. */
async function eventsOf(climate: ClimateTwin, seed: bigint, count: number): Promise<readonly StreamEvent[]> {
  const first = BigInt(climate.everySteps);
  // 2001-01-01 is day 11,315 without leap days.
  const begin = ((11_315n + first - 1n) / first) * first;
  const days = Float64Array.from(
    { length: count },
    (_, i) => 1 + ((Number(begin) - 11_315 + i * climate.everySteps) % 365),
  );
  const stream = new RandomStream({ seed, id: 1n, purpose: 99 });
  const events: StreamEvent[] = [];
  const request = {
    conditions: { start_day: days },
    eventIds: BigInt64Array.from(days, (_, i) => BigInt(i)),
    seed,
    batchSize: count,
  };
  for await (const { arrays } of climate.generate(request)) {
    for (let i = 0; i < count; i++) {
      const field = (arrays["field"] as NdArray).slice({ event: i, step: 0 }).toFloat64();
      const values = climate.stations.map(
        ({ name, error }) => (field[Number(name.split(" ")[1])] as number) + error * stream.normal(),
      );
      events.push({ ...event(BigInt(i), { values }), timeNs: (begin + BigInt(i) * first) * 86_400_000_000_000n });
    }
  }
  return events;
}

function event(sequence: bigint, tensors: Readonly<Record<string, readonly number[]>>): StreamEvent {
  return {
    ...{ source: "stations", sequence, id: sequence, run: "", timeNs: 0n, conditions: {} },
    tensors: Object.fromEntries(
      Object.entries(tensors).map(([name, values]) => [
        name,
        new NdArray(Float64Array.from(values), { dtype: "float64", shape: [values.length], dims: ["station"] }),
      ]),
    ),
  };
}
