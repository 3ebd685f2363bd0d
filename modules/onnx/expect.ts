import { describeTensor, type TensorSpec } from "../../core/index.ts";

/** What a model must take and give; what is left out is not checked. */
export interface ExpectedModel {
  readonly inputs?: Readonly<Record<string, TensorSpec>> | undefined;
  readonly outputs?: Readonly<Record<string, TensorSpec>> | undefined;
}

/**
 * What is different. Of free axes only that they are free counts, and which of them are alike: `["batch", 3]` is
 * `["N", 3]`.
 */
export function differences(expected: ExpectedModel, found: Required<ExpectedModel>): readonly string[] {
  const names = new Map<string, string>();
  return (["inputs", "outputs"] as const).flatMap((side) => {
    const wanted = expected[side];
    if (wanted === undefined) return [];
    const has = found[side] ?? {};
    const all = [...new Set([...Object.keys(wanted), ...Object.keys(has)])];
    return all.flatMap((name) =>
      difference(`${side.slice(0, -1)} "${name}"`, own(wanted, name), own(has, name), names),
    );
  });
}

function difference(
  what: string,
  expected: TensorSpec | undefined,
  found: TensorSpec | undefined,
  names: Map<string, string>,
): readonly string[] {
  if (expected === undefined)
    return found ? [`${what}: none is expected, and the file has ${describeTensor(found)}.`] : [];
  if (found === undefined) return [`${what}: ${describeTensor(expected)} is expected, and the file has none.`];
  const isSame =
    expected.dtype === found.dtype &&
    expected.shape.length === found.shape.length &&
    expected.shape.every((length, axis) => isSameAxis(length, found.shape[axis] as number | string, names));
  return isSame ? [] : [`${what}: ${describeTensor(expected)} is expected, and the file has ${describeTensor(found)}.`];
}

function isSameAxis(expected: number | string, found: number | string, names: Map<string, string>): boolean {
  if (typeof expected === "number" || typeof found === "number") return expected === found;
  const known = names.get(expected);
  if (known === undefined) names.set(expected, found);
  return known === undefined || known === found;
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
