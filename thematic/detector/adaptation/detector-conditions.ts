import {
  type AdaptableCondition,
  type Cause,
  InvalidArgumentError,
  OutOfDomainError,
  type SlowControlCoefficient,
} from "../../../core/index.ts";

/** Thickness of the absorber in a stack, where the twin's generator knows it, mm. */
export interface AbsorberRange {
  readonly minMm: number;
  readonly maxMm: number;
  /** Of the geometry. */
  readonly nominalMm: number;
}

/** What conditions are called. */
export const CONDITION_NAMES = {
  commonGain: "common gain",
  perKelvin: "temperature coefficient",
  gainOfLayer: (layer: number): string => `gain of layer ${layer}`,
  absorber: "absorber thickness",
} as const;

/** What the cause is called that is no condition by itself. */
export const ALL_GAINS = "gains of all layers";

/** Where each condition is in a vector. */
export const COMMON_GAIN = 0;
export const PER_KELVIN = 1;
export const FIRST_LAYER = 2;

/** Farther from the reference than this a temperature is a mistake, K: with {@link MAX_PER_KELVIN} gains stay above 0.1. */
export const MAX_KELVIN = 30;
const MAX_PER_KELVIN = 0.03;

/** More than a gain drifts by itself: room for what late slow control does not explain. */
const GAIN_DRIFT = { walk: 7e-4, rate: 5e-5 };
const COEFFICIENT_DRIFT = { walk: 3e-5, rate: 0 };
/** 2 K/min, 6 K/min, and a thermometer's last digit. */
const THERMOMETER = { usualPerSecond: 0.033, mostPerSecond: 0.1, resolution: 0.05 };

/**
 * The conditions of a calorimeter: a gain common to all layers, its relative change per kelvin, the gain of each layer that is
 * looked at, and the thickness of the absorber. A layer reads its energy times
 * (common gain) × (gain of the layer) × (1 + coefficient × (temperature - reference)).
 *
 * All layers' gains together do what the common gain does. No cause holds both, so each by itself can be told; where causes are
 * joined, the last of them would not reduce the deviance, and is not worth its price. Gains that walk, each another way, are a
 * cause of their own: joining one after the other ends long before all are found.
 */
export class DetectorConditions {
  readonly layers: number;
  readonly list: readonly AdaptableCondition[];
  readonly causes: readonly Cause[];
  /** Where the thickness is in a vector; `undefined` where there is none. */
  readonly absorber: number | undefined;

  constructor(
    layers: number,
    absorber: AbsorberRange | undefined,
    temperature: Pick<SlowControlCoefficient, "feature" | "reference">,
  ) {
    this.layers = layers;
    this.absorber = absorber && FIRST_LAYER + layers;
    this.list = [
      { ...gain(CONDITION_NAMES.commonGain), drift: GAIN_DRIFT },
      {
        ...{ name: CONDITION_NAMES.perKelvin, unit: "1/K", ...centred(0, MAX_PER_KELVIN), worth: 5e-4 },
        drift: COEFFICIENT_DRIFT,
        slowControl: { ...temperature, multiplies: COMMON_GAIN, ...THERMOMETER },
      },
      ...Array.from({ length: layers }, (_, layer) => gain(CONDITION_NAMES.gainOfLayer(layer))),
      ...(absorber
        ? [
            {
              ...{ name: CONDITION_NAMES.absorber, unit: "mm", worth: 0.01 },
              ...{ min: absorber.minMm, max: absorber.maxMm, initial: absorber.nominalMm },
            },
          ]
        : []),
    ];
    const alone = this.list.map(({ name }, index) => {
      const isAbsorber = index === this.absorber;
      return { name, rung: isAbsorber ? 2 : 1, conditions: [index], mayJoin: !isAbsorber };
    });
    this.causes = [
      ...alone.slice(0, FIRST_LAYER + layers),
      {
        ...{ name: ALL_GAINS, rung: 1, mayJoin: false },
        conditions: Array.from({ length: layers }, (_, layer) => FIRST_LAYER + layer),
      },
      ...alone.slice(FIRST_LAYER + layers),
    ];
  }

  /** The conditions before anything has been adapted. */
  initial(): Float64Array {
    return Float64Array.from(this.list, ({ initial }) => initial);
  }

  /** @throws `TWIN_INVALID_ARGUMENT` for what is no vector of these conditions. */
  check(conditions: Float64Array): void {
    const bad = conditions.findIndex((value) => !Number.isFinite(value));
    if (conditions.length === this.list.length && bad < 0) return;
    const found =
      conditions.length === this.list.length
        ? `${this.list[bad]?.name} is ${conditions[bad]}`
        : `there are ${conditions.length}`;
    throw new InvalidArgumentError(
      `Conditions of this detector are ${this.list.length} finite numbers, ${this.list[0]?.name} to ${this.list.at(-1)?.name}; ${found}.`,
    );
  }

  /** @throws `TWIN_OUT_OF_DOMAIN` for the first condition outside its bounds; as {@link check}. */
  checkBounds(conditions: Float64Array): void {
    this.check(conditions);
    this.list.forEach(({ name, unit, min, max }, index) => {
      const value = conditions[index] as number;
      if (value >= min && value <= max) return;
      throw new OutOfDomainError({
        what: "detector",
        condition: name,
        value,
        min,
        max,
        unit: unit === "1" ? "" : unit,
      });
    });
  }
}

function gain(name: string): AdaptableCondition {
  return { name, unit: "1", min: 0.5, max: 2, initial: 1, worth: 0.005 };
}

function centred(initial: number, distance: number): { min: number; max: number; initial: number } {
  return { min: initial - distance, max: initial + distance, initial };
}
