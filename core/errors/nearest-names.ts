/**
 * The names most like `wanted`, the likest first.
 *
 * @param wanted - What somebody wrote.
 * @param names - What there is.
 * @param options - `limit`: at most so many, 8 by default.
 * @returns Names ordered by edit distance (case ignored), equal distances in the given order.
 */
export function nearestNames(
  wanted: string,
  names: Iterable<string>,
  options: { readonly limit?: number } = {},
): readonly string[] {
  const target = wanted.toLowerCase();
  return [...names]
    .map((name) => ({ name, distance: editDistance(target, name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, options.limit ?? 8)
    .map(({ name }) => name);
}

/**
 * A sentence that tells what there is instead of an unknown name, the likest names first.
 *
 * @example
 * describeNames("enrgy", ["layer", "energy"]); // => 'Did you mean "energy"? There are: energy, layer.'
 */
export function describeNames(wanted: string, names: Iterable<string>): string {
  const all = [...names];
  const near = nearestNames(wanted, all);
  const [best] = near;
  if (best === undefined) return "There are none.";
  const rest = all.length > near.length ? `, … (${all.length} in all)` : "";
  const list = `There ${all.length === 1 ? "is" : "are"}: ${near.join(", ")}${rest}.`;
  return isLikely(wanted, best) ? `Did you mean "${best}"? ${list}` : list;
}

/** Whether a name is a likely slip of another: at most a third of the letters of the longer one differ. */
function isLikely(wanted: string, name: string): boolean {
  const allowed = Math.floor(Math.max(wanted.length, name.length) / 3);
  return editDistance(wanted.toLowerCase(), name.toLowerCase()) <= allowed;
}

/** Levenshtein distance, two rows at a time. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replace, (previous[j] as number) + 1, (current[j - 1] as number) + 1));
    }
    previous = current;
  }
  return previous[b.length] as number;
}
