import type { TestBeamConditions, TestBeamScript } from "../thematic/detector/index.ts";

const MOST_GAINS = 3;

/** What is true of a beam at a time: the temperature, and whatever is not as it was at first. Short: it must fit in a line. */
export function conditionsText(
  { response, publishedTemperatureC, absorberMm }: TestBeamConditions,
  { response: first, absorberMm: firstMm }: TestBeamScript,
): string {
  const { temperatureC, gains, hotCells, deadCells, thresholdMeV } = response;
  const isTold = publishedTemperatureC !== undefined && Math.abs(publishedTemperatureC - temperatureC) < 5e-3;
  const told = publishedTemperatureC === undefined ? "untold" : `told ${publishedTemperatureC.toFixed(2)}`;
  const changed = [...gains.entries()].filter(([layer, gain]) => gain !== first.gains[layer]);
  const shown = changed.slice(0, MOST_GAINS).map(([layer, gain]) => `${layer}: ${gain.toFixed(3)}`);
  const more = changed.length > MOST_GAINS ? ` and ${changed.length - MOST_GAINS} more` : "";
  return [
    `${temperatureC.toFixed(2)} °C${isTold ? "" : ` (${told})`}`,
    ...(absorberMm === firstMm ? [] : [`${absorberMm} mm`]),
    ...(changed.length > 0 ? [`gains ${shown.join(", ")}${more}`] : []),
    ...(hotCells.length > first.hotCells.length ? [`${hotCells.length} hot`] : []),
    ...(deadCells.length > first.deadCells.length ? [`${deadCells.length} dead`] : []),
    ...(thresholdMeV === first.thresholdMeV ? [] : [`threshold ${thresholdMeV} MeV`]),
  ].join("  ");
}
