/**
 * Fire danger classes of the European Forest Fire Information System, by fire weather index: from `from` on.
 *
 * @see EFFIS, technical background, "Fire danger forecast" (Joint Research Centre): thresholds 5.2, 11.2, 21.3, 38 and 50, upper bounds excluded.
 */
export const FIRE_DANGER_CLASSES = [
  { name: "very low", from: 0 },
  { name: "low", from: 5.2 },
  { name: "moderate", from: 11.2 },
  { name: "high", from: 21.3 },
  { name: "very high", from: 38 },
  { name: "extreme", from: 50 },
] as const;

/** Number of the class of a fire weather index in {@link FIRE_DANGER_CLASSES}; -1 where it is missing. */
export function fireDangerClass(fwi: number): number {
  let found = -1;
  FIRE_DANGER_CLASSES.forEach(({ from }, number) => {
    if (fwi >= from) found = number;
  });
  return found;
}
