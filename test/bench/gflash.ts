import { performance } from "node:perf_hooks";
import { createGflash } from "../../thematic/detector/gflash/plugin.ts";
import { loadGeometry } from "../../thematic/detector/index.ts";
import type { BenchRow } from "./row.ts";

const ROUNDS = 5;
const ROUND_MS = 400;
/** Full simulation (EGSnrc, one core), from the README of the reference showers; on another machine than this one. */
const FULL_SIMULATION_MS_PER_GEV = 5.85;

/** Incident energies: one, or log-uniform from 1 to 100 GeV. */
const CASES: readonly {
  readonly name: string;
  readonly energyGeV: (index: number) => number;
  readonly meanGeV: number;
}[] = [
  ...[1, 10, 100].map((energy) => ({ name: `${energy} GeV`, energyGeV: () => energy, meanGeV: energy })),
  // A fixed lattice: every round has the same energies.
  { name: "log-uniform 1-100 GeV", energyGeV: (index) => 100 ** ((index * 0.618034) % 1), meanGeV: 99 / Math.log(100) },
];

/** GFLASH's showers per second on one core, in batches of 100, energies to voxels; full simulation is the peer. */
export async function gflashBench(): Promise<BenchRow[]> {
  const geometry = await loadGeometry("w-si-45");
  const rows: BenchRow[] = [];
  for (const constants of ["refitted", "published"] as const) {
    const model = await createGflash(geometry, constants);
    for (const { name, energyGeV, meanGeV } of CASES) {
      const rates: number[] = [];
      let count = 100;
      // The first round warms up and finds how many showers fill a round.
      for (let round = 0; round <= ROUNDS; round++) {
        const start = performance.now();
        let made = 0;
        for await (const batch of model.generate({
          conditions: { incident_energy: Float64Array.from({ length: count }, (_, i) => 1000 * energyGeV(i)) },
          eventIds: BigInt64Array.from({ length: count }, (_, i) => BigInt(i)),
          seed: BigInt(round),
        })) {
          made += batch.count;
        }
        const rate = (1000 * made) / (performance.now() - start);
        if (round > 0) rates.push(rate);
        else count = 100 * Math.max(1, Math.round((rate * ROUND_MS) / 100_000));
      }
      rates.sort((a, b) => a - b);
      const value = rates[Math.floor(rates.length / 2)] as number;
      const peer = 1000 / (FULL_SIMULATION_MS_PER_GEV * meanGeV);
      rows.push({
        name: `${constants}, ${name}`,
        value,
        unit: "showers/s",
        peer,
        ratio: value / peer,
        noise: `${rates[0]?.toFixed(0)} to ${rates.at(-1)?.toFixed(0)}`,
        note: "peer: full simulation by EGSnrc, 5.85 ms per GeV and shower, on another machine; larger is faster",
      });
    }
  }
  return rows;
}
