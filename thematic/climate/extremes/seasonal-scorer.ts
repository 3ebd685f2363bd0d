import { InvalidArgumentError, NdArray } from "../../../core/index.ts";
import { type AnomalyScorer, type ScoreOptions, SEASONS, type Season, seasonOf } from "./scorer.ts";

/**
 * A scorer of a scorer for each season, as networks and patterns of seasons are trained apart (interTwin's xtclim does so).
 * Fields of seasons that have none get no score (NaN).
 *
 * @throws `TWIN_INVALID_ARGUMENT` for no scorer at all, or scorers of different units.
 */
export function seasonalScorer(scorers: Readonly<Partial<Record<Season, AnomalyScorer>>>): AnomalyScorer {
  const given = SEASONS.flatMap((season) => scorers[season] ?? []);
  const [first] = given;
  if (!first) throw new InvalidArgumentError(`Give a scorer for at least one of the seasons ${SEASONS.join(", ")}.`);
  if (given.some(({ unit }) => unit !== first.unit)) {
    throw new InvalidArgumentError(
      `Scorers of seasons need fields in one unit; got ${given.map(({ unit }) => unit ?? "none").join(", ")}.`,
    );
  }
  return {
    name: SEASONS.flatMap((season) => (scorers[season] ? `${season}: ${scorers[season].name}` : [])).join(", "),
    ...{ unit: first.unit, grid: first.grid, coordinates: first.coordinates },
    score: async (fields, options = {}) => {
      const months = monthsOf(fields, options);
      const scores = new Float64Array(months.length).fill(Number.NaN);
      for (const season of SEASONS) {
        const scorer = scorers[season];
        const places = Array.from(months.keys()).filter((at) => seasonOf(months[at] as number) === season);
        if (!scorer || places.length === 0) continue;
        const found = await scorer.score(takeFields(fields, places), { signal: options.signal });
        places.forEach((place, at) => {
          scores[place] = found[at] as number;
        });
      }
      return scores;
    },
    cellScores: async (field, options = {}) => {
      const scorer = scorers[seasonOf(monthsOf(field, options)[0] as number)];
      return scorer?.cellScores?.(field, { signal: options.signal });
    },
  };
}

function monthsOf(fields: NdArray, { months = [] }: ScoreOptions): readonly number[] {
  const length = fields.shape[0] ?? 0;
  if (months.length === length) return Array.from(months);
  throw new InvalidArgumentError(
    `A scorer by season needs the month of each of the ${length} fields; got ${months.length}.`,
  );
}

/** Some of the fields, as an array of their own. */
function takeFields(fields: NdArray, places: readonly number[]): NdArray {
  const [, ...lengths] = fields.shape;
  const cells = lengths.reduce((all, length) => all * length, 1);
  const values = fields.toFloat64();
  const taken = new Float64Array(places.length * cells);
  places.forEach((place, at) => {
    taken.set(values.subarray(place * cells, (place + 1) * cells), at * cells);
  });
  return new NdArray(taken, {
    dtype: "float64",
    shape: [places.length, ...lengths],
    dims: fields.dims,
    unit: fields.unit,
  });
}
