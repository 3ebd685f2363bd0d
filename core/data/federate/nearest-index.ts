/** Finds the place of a value among others, whatever their order. */
export class NearestIndex {
  readonly #values: Float64Array;
  /** Places of the values, the smallest value first. Missing ones are left out. */
  readonly #order: readonly number[];

  constructor(values: Float64Array) {
    this.#values = values;
    const places = [...values.keys()].filter((place) => !Number.isNaN(values[place]));
    this.#order = places.sort((a, b) => (values[a] as number) - (values[b] as number) || a - b);
  }

  /** FederatedPlace of the nearest value at most `tolerance` away; -1 where there is none. */
  find(value: number, tolerance: number): number {
    const order = this.#order;
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#values[order[middle] as number] as number) < value) low = middle + 1;
      else high = middle;
    }
    let best = -1;
    let distance = tolerance;
    for (const near of [low - 1, low]) {
      const place = order[near];
      if (place === undefined) continue;
      const away = Math.abs((this.#values[place] as number) - value);
      if (away < distance || (away <= distance && best < 0)) {
        best = place;
        distance = away;
      }
    }
    return best;
  }
}
