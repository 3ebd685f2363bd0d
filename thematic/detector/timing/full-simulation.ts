import type { CalorimeterGeometry } from "../geometry/geometry.ts";

/**
 * What full simulation of an electron shower takes, milliseconds of one core per GeV: EGSnrc v2025a with 10 keV
 * thresholds, mean of 35,300 showers of w-si-45 on one core of an Intel Xeon (README of the shower files; single jobs
 * took 5.2 to 6.4). Another machine than the one that a bench runs on: for scale only.
 */
const EGSNRC_MS_PER_GEV = 5.85;

/** Milliseconds of full simulation per shower of an energy in MeV; `undefined` where nobody has measured it. */
export function fullSimulationMs(geometry: CalorimeterGeometry, energyMeV: number): number | undefined {
  return geometry.name === "w-si-45" ? EGSNRC_MS_PER_GEV * (energyMeV / 1000) : undefined;
}
