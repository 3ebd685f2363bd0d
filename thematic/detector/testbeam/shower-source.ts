/** True showers for a test beam, each in an array of its own. To be asked in the order of events, once for each. */
export interface ShowerSource {
  /** Showers for consecutive events, all with one thickness of absorber. */
  draw(events: EventRange): AsyncIterable<DrawnShower>;
  /** Leaves out consecutive events: those after them are as if these had been drawn. */
  skip(events: Omit<EventRange, "signal">): void;
}

/** Events `[start, stop)`. */
export interface EventRange {
  readonly start: number;
  readonly stop: number;
  readonly absorberMm: number;
  readonly signal: AbortSignal | undefined;
}

/** The shower of one event. */
export interface DrawnShower {
  /** Kinetic energy of the electron, MeV. */
  readonly energyMeV: number;
  /** True energies, MeV, `[layer, alpha, r]`, flat. */
  readonly shower: Float32Array;
}
