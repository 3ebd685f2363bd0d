import type { Slab } from "./geometry.ts";

/** A stack of slabs as one homogeneous material. */
export interface EffectiveMedium {
  /** Atomic number, weighted by mass. */
  readonly Z: number;
  /** Atomic weight, weighted by mass, g/mol. */
  readonly A: number;
  readonly densityGPerCm3: number;
  readonly radiationLengthMm: number;
  readonly moliereRadiusMm: number;
  readonly criticalEnergyMeV: number;
  /** Sampling frequency F_S: radiation length over thickness of a stack. */
  readonly samplingFrequency: number;
  /** Ratio e/mip of the response to electrons and to minimum ionising particles. */
  readonly eToMip: number;
}

/** Scale of multiple scattering in the definition of the Molière radius, MeV (GFLASH's value). */
const SCALE_ENERGY_MEV = 21.2;

/**
 * The material in which GFLASH's formulas are evaluated.
 *
 * w_i = ρ_i d_i / Σ; Z, A = Σ w Z, Σ w A; 1/X0 = Σ w_i / X0_i; Ec = X0 Σ w_i Ec_i / X0_i with
 * Ec_i = 2.66 (X0_i Z_i / A_i)^1.1 MeV (X0 in g/cm²); R_M = X0 · 21.2 MeV / Ec; F_S = X0 / (d_a + d_p);
 * e = 1 / (1 + 0.007 (Z_p - Z_a)). Several passive (active) slabs enter F_S and e by their mass-weighted Z.
 *
 * @see G. Grindhammer, S. Peters, hep-ex/0001020.
 */
export function effectiveMedium(slabs: readonly Slab[]): EffectiveMedium {
  const mass = (slab: Slab): number => slab.densityGPerCm3 * slab.thicknessMm;
  const totalMass = sum(slabs, mass);
  const thicknessMm = sum(slabs, (slab) => slab.thicknessMm);
  const mean = (of: (slab: Slab) => number): number => sum(slabs, (slab) => (mass(slab) / totalMass) * of(slab));
  const radiationLengthGPerCm2 = 1 / mean((slab) => 1 / slab.radiationLengthGPerCm2);
  const criticalEnergyMeV = radiationLengthGPerCm2 * mean((slab) => criticalEnergy(slab) / slab.radiationLengthGPerCm2);
  const densityGPerCm3 = totalMass / thicknessMm;
  const radiationLengthMm = (10 * radiationLengthGPerCm2) / densityGPerCm3;
  const meanZ = (role: Slab["role"]): number => {
    const some = slabs.filter((slab) => slab.role === role);
    return sum(some, (slab) => mass(slab) * slab.Z) / sum(some, mass);
  };
  return {
    Z: mean((slab) => slab.Z),
    A: mean((slab) => slab.A),
    densityGPerCm3,
    radiationLengthMm,
    moliereRadiusMm: (radiationLengthMm * SCALE_ENERGY_MEV) / criticalEnergyMeV,
    criticalEnergyMeV,
    samplingFrequency: radiationLengthMm / thicknessMm,
    eToMip: 1 / (1 + 0.007 * (meanZ("passive") - meanZ("active"))),
  };
}

function criticalEnergy(slab: Slab): number {
  return 2.66 * ((slab.radiationLengthGPerCm2 * slab.Z) / slab.A) ** 1.1;
}

function sum(slabs: readonly Slab[], of: (slab: Slab) => number): number {
  return slabs.reduce((total, slab) => total + of(slab), 0);
}
