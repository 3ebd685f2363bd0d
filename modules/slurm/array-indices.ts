/**
 * Elements that Slurm names together: `"7"`, `"0-9,12-20:4%5"`, `"[3-5%2]"`.
 *
 * @returns Their indices, or `undefined` for what is none: `"N/A"` of an array whose waiting elements were canceled, or a
 *   list that Slurm cut short (`"0-9,..."`).
 */
export function parseArrayIndices(text: string): readonly number[] | undefined {
  const list = text.replace(/^\[(.*)\]$/, "$1").replace(/%\d+$/, "");
  const indices: number[] = [];
  for (const range of list.split(",")) {
    const [, first, last, step] = /^(\d+)(?:-(\d+)(?::(\d+))?)?$/.exec(range) ?? [];
    if (first === undefined) return undefined;
    const [from, to, by] = [Number(first), Number(last ?? first), Number(step ?? 1)];
    if (to > MOST_INDEX || by < 1) return undefined;
    for (let index = from; index <= to; index += by) indices.push(index);
  }
  return indices;
}

/** `MaxArraySize` is at most 4,000,001. */
const MOST_INDEX = 4_000_000;
