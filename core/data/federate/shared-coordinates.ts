import type { OnRead } from "../access/watched.ts";
import type { NdArray } from "../nd-array.ts";
import type { Selection } from "../selection.ts";
import { PartsDisagreeError } from "./errors.ts";
import type { Member, Members } from "./members.ts";
import type { VariableFacts } from "./part.ts";
import { commonForm, converterTo } from "./reconcile.ts";

interface Reading {
  readonly signal?: AbortSignal | undefined;
  readonly onRead?: OnRead | undefined;
}

/**
 * Sees that parts which are joined along one dimension have the same coordinates along the others. Opening reads headers
 * only, so this is looked at when values of a part are first read, in the same go.
 */
export class SharedCoordinates {
  readonly #members: Members;
  readonly #tolerance: Readonly<Record<string, number>>;
  /** Coordinates that the others are compared with, by dimension. */
  readonly #expected = new Map<string, Promise<Coordinates>>();

  constructor(members: Members, tolerance: Readonly<Record<string, number>>) {
    this.#members = members;
    this.#tolerance = tolerance;
  }

  /**
   * Reads a variable of a part, and compares the coordinates of `dims` if that was not done before.
   *
   * @throws {@link PartsDisagreeError}; what reading throws.
   */
  async read(
    member: Member,
    {
      variable,
      selections,
      dims,
    }: {
      readonly variable: VariableFacts;
      readonly selections: readonly Selection[];
      readonly dims: readonly string[];
    },
    reading: Reading,
  ): Promise<readonly NdArray[]> {
    const unchecked = dims.flatMap((dim) => this.#unchecked(member, dim));
    const expected = await Promise.all(unchecked.map(({ dim, first }) => this.#expectedOf(first, dim, reading)));
    const coordinates = unchecked.map(({ own }) => ({ variable: own, selections: [{}] }));
    const results = await this.#members.read(member, [...coordinates, { variable, selections }], reading);
    unchecked.forEach((each, number) => {
      this.#compare(member, each, (results[number] as readonly [NdArray])[0], expected[number] as Coordinates);
      member.state.checked.add(each.dim);
    });
    return results.at(-1) as readonly NdArray[];
  }

  #unchecked(member: Member, dim: string): readonly Unchecked[] {
    if (member.state.checked.has(dim)) return [];
    const own = coordinateOf(member, dim);
    const first = this.#members.members.find((each) => coordinateOf(each, dim));
    return own && first && first !== member ? [{ dim, own, first }] : [];
  }

  #compare(member: Member, { dim, own, first }: Unchecked, read: NdArray, expected: Coordinates): void {
    const ofMember = { part: member.name, facts: own };
    const ofFirst = { part: first.name, facts: coordinateOf(first, dim) as VariableFacts };
    const convert = converterTo(commonForm([ofFirst, ofMember], { calendars: "refuse" }), ofMember);
    const values = coordinatesOf(convert ? convert(read) : read);
    // FederatedConversion rounds.
    const rounding = convert ? 1e-9 : 0;
    const tolerance = Object.hasOwn(this.#tolerance, dim) ? (this.#tolerance[dim] as number) : 0;
    const isSame = (value: number | string, other: number | string | undefined): boolean => {
      if (typeof value === "string" || typeof other !== "number") return value === other;
      const isNear = Math.abs(value - other) <= tolerance + rounding * Math.abs(other);
      return value === other || isNear || (Number.isNaN(value) && Number.isNaN(other));
    };
    let at = 0;
    while (at < values.length && isSame(values[at] as number | string, expected[at])) at++;
    if (at === values.length) return;
    const hint = read.dtype === "string" ? "" : ` If that is rounding, give \`tolerance: { ${dim}: … }\`.`;
    throw new PartsDisagreeError(
      [first.name, member.name],
      `the coordinate "${dim}" is ${expected[at]} at index ${at} in the one and ${values[at]} in the other.${hint}`,
      { variable: own.path },
    );
  }

  #expectedOf(first: Member, dim: string, reading: Reading): Promise<Coordinates> {
    let expected = this.#expected.get(dim);
    if (!expected) {
      const variable = coordinateOf(first, dim) as VariableFacts;
      expected = this.#members
        .read(first, [{ variable, selections: [{}] }], reading)
        .then(([arrays]) => coordinatesOf((arrays as readonly [NdArray])[0]));
      this.#expected.set(dim, expected);
      // What could not be read is read again the next time.
      expected.catch(() => this.#expected.delete(dim));
    }
    return expected;
  }
}

interface Unchecked {
  readonly dim: string;
  readonly own: VariableFacts;
  /** The part that the others are compared with. */
  readonly first: Member;
}

type Coordinates = Float64Array | readonly string[];

function coordinatesOf(array: NdArray): Coordinates {
  return array.dtype === "string" ? (array.values() as readonly string[]) : array.toFloat64();
}

/** The 1-d coordinate of a dimension. */
export function coordinateOf({ facts }: Member, dim: string): VariableFacts | undefined {
  const variable = facts.variables.get(`/${dim}`);
  return variable?.dims.length === 1 && variable.dims[0] === dim && variable.dtype !== "bool" ? variable : undefined;
}

/** The 1-d coordinate of a dimension, where it is numbers. */
export function numericCoordinate(member: Member, dim: string): VariableFacts | undefined {
  const variable = coordinateOf(member, dim);
  return variable?.dtype === "string" ? undefined : variable;
}
