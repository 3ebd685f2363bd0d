import { gaspariCohn, InvalidArgumentError, type JsonValue, type Localisation, localise } from "../../../core/index.ts";
import { distanceKm, type Place } from "../storms/sphere.ts";
import { type ClimateEmulator, type ClimateShift, checkShift, MOST_MEMBERS, NO_SHIFT } from "./emulator.ts";
import type { StationNetwork } from "./stations.ts";

/** How a follower follows. */
export interface FollowerOptions {
  /** Seed of the ensemble, 0 to 2^64 - 1. */
  readonly seed: bigint;
  /** States that stand for what may be; 100 by default. */
  readonly members?: number | undefined;
  /** As in `EnsembleUpdateOptions`. */
  readonly inflation?: number | undefined;
  readonly relaxation?: number | undefined;
  /** Half-width of the correlation function that fades out far stations, km; without it all stations correct all places. */
  readonly localisationKm?: number | undefined;
  /** A value farther from the forecast than so many standard deviations of their difference is not used; 5 by default. */
  readonly grossErrors?: number | undefined;
  /** How many steps an event may be behind the newest and still count; 0 by default. */
  readonly allowedLateSteps?: number | undefined;
  /** An event so many steps ahead of the newest has a wrong time; 400 by default. */
  readonly mostAheadSteps?: number | undefined;
  /** The climate that is followed, where it is not that of the data; `current` of the twin's `Adaptable`. */
  readonly shift?: ClimateShift | undefined;
}

/** What a follower computes with: its options, checked, and what follows from them. */
export interface FollowerSetup {
  readonly emulator: ClimateEmulator;
  readonly network: StationNetwork;
  readonly members: number;
  readonly options: FollowerOptions;
  readonly shift: ClimateShift;
  readonly localisation: Localisation | undefined;
}

/** @throws `TWIN_INVALID_ARGUMENT`, `TWIN_OUT_OF_DOMAIN` for options out of range. */
export function followerSetup(
  emulator: ClimateEmulator,
  network: StationNetwork,
  options: FollowerOptions,
): FollowerSetup {
  const { members = 100, shift = NO_SHIFT, localisationKm } = options;
  if (!(Number.isInteger(members) && members >= 2 && members < MOST_MEMBERS)) {
    throw new InvalidArgumentError(`An ensemble has 2 to ${MOST_MEMBERS - 1} members; got ${members}.`);
  }
  for (const name of ["grossErrors", "allowedLateSteps", "mostAheadSteps"] as const) {
    const value = options[name] ?? 1;
    if (!(value >= 0)) throw new InvalidArgumentError(`\`${name}\` is 0 or more; got ${value}.`);
  }
  checkShift(shift, emulator.modes);
  const localisation = localisationKm === undefined ? undefined : localisationOf(emulator, network, localisationKm);
  return { emulator, network, members, options, shift, localisation };
}

/** What a state belongs to: with other settings its numbers would go on otherwise. */
export function settingsOf({ options, members, shift, network }: FollowerSetup): JsonValue {
  const { seed, inflation, relaxation, localisationKm, grossErrors } = options;
  return {
    ...{ seed: String(seed), members, inflation: inflation ?? 1, relaxation: relaxation ?? 0 },
    ...{ localisationKm: localisationKm ?? null, grossErrors: grossErrors ?? 5 },
    ...{ offsets: Array.from(shift.offsets), spread: shift.spread },
    stations: network.stations.map((station) => ({ ...station })),
  };
}

function localisationOf({ document, places }: ClimateEmulator, { stations }: StationNetwork, km: number): Localisation {
  const { grid } = document;
  const at = (lat: number | undefined, lon: number | undefined): Place => ({ lat: lat as number, lon: lon as number });
  const sites = stations.map(({ latitude, longitude }) => at(latitude, longitude));
  return localise({ elements: places, observations: stations.length }, (place, station) =>
    gaspariCohn(distanceKm(at(grid.latitude[place], grid.longitude[place]), sites[station] as Place), km),
  );
}
