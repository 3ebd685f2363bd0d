import type { AxisSelection } from "../resolve-selection.ts";
import type { Selection } from "../selection.ts";
import { PartUnavailableError } from "./errors.ts";
import type { Layout } from "./layout.ts";
import type { Members } from "./members.ts";
import type { FederateOptions } from "./options.ts";
import { GAP } from "./sort-axis.ts";

/** A read of a variable. */
interface Wanted {
  readonly variable: { readonly path: string; readonly dims: readonly string[] };
  readonly axes: readonly AxisSelection[];
  readonly selection: Selection;
}

/**
 * Refuses a read that may need a part which could not be opened: nobody knows where on the axis it lies. What does not
 * need it is a stretch of coordinate values without a gap, within what is there.
 *
 * @throws {@link PartUnavailableError}
 */
export async function checkComplete(
  members: Members,
  { axis }: Layout,
  { variable, axes, selection }: Wanted,
  options: Pick<FederateOptions, "unavailable" | "signal">,
): Promise<void> {
  if (!axis || options.unavailable === "omit" || !variable.dims.includes(axis.dimension)) return;
  const [away] = members.away;
  if (!away) return;
  const along = axes.find(({ dim }) => dim === axis.dimension) as AxisSelection;
  if (isCovered(axis, selection[axis.dimension], along)) return;
  const needed = `Values of "${variable.path}" along "${axis.dimension}" may lie in it. Select a range of coordinate values that has no gap (\`{ ${axis.dimension}: { from, to } }\`), or do without the part: \`unavailable: "omit"\`.`;
  // It may be back: then what it holds is still not part of this federation.
  await members.pool
    .use(away, async () => undefined, { signal: options.signal })
    .catch((error: unknown) => {
      options.signal?.throwIfAborted();
      throw error instanceof PartUnavailableError
        ? new PartUnavailableError(away.part.name, error.cause, needed)
        : error;
    });
  const back = new Error("It was away when the federation was opened, and is there now: open the federation again.");
  throw new PartUnavailableError(away.part.name, back);
}

/**
 * Whether a selection by value asks for nothing but what is there: its values, or where they are dates and cannot be
 * compared here the ones beside what was found, lie within the axis, and there is no gap between them.
 */
function isCovered(
  { values, step }: NonNullable<Layout["axis"]>,
  wanted: Selection[string] | undefined,
  { start, count }: AxisSelection,
): boolean {
  if (typeof wanted !== "object" || count === 0) return false;
  const range =
    "value" in wanted
      ? { from: Number(wanted.value), to: Number(wanted.value) }
      : "from" in wanted
        ? { from: Number(wanted.from), to: Number(wanted.to) }
        : undefined;
  if (!range) return false;
  const [low, high] = [values[start], values[start + count - 1]];
  const [before, after] = [start - 1, start + count];
  const isExact = (value: number | string): boolean => value === low || value === high;
  const first = isExact(range.from) ? start : before;
  const last = isExact(range.to) ? after - 1 : after;
  // Of an axis without a coordinate every value is NaN, and nothing is covered.
  if (Number.isNaN(values[first] ?? Number.NaN) || Number.isNaN(values[last] ?? Number.NaN)) return false;
  // The steps between the parts that are there say nothing: another part may lie between each two of them.
  for (let i = first + 1; i <= last; i++) {
    if (Math.abs((values[i] as number) - (values[i - 1] as number)) > GAP * step) return false;
  }
  return true;
}
