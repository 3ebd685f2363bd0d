import type { GenerateRequest, Generator, ValidityRange } from "../contracts/generator.ts";
import { convertUnits, type LinearMap } from "../data/units/convert-units.ts";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { OutOfDomainError } from "../errors/out-of-domain.ts";
import { isWithinRange } from "./check-request.ts";

/** Who takes conditions. */
type Taker = Pick<Generator, "model" | "validity">;
type Conditions = Pick<GenerateRequest, "conditions">;

/**
 * How the conditions of one generator become those of another that stands in for it: in its units; and where one of them has
 * a condition that the other has not, by the value that it stands for then (`nominal`).
 *
 * @example
 * const map = new ConditionMap(network, gflash);
 * if (map.covers(request, event)) gflash.generate({ ...request, conditions: map.of(request) });
 */
export class ConditionMap {
  readonly #from: Taker;
  readonly #to: Taker;
  /** By condition of the other: how ours becomes it; a number where we have none, and it stands for one value. */
  readonly #maps: ReadonlyMap<string, LinearMap | number>;

  /** @throws `TWIN_INVALID_ARGUMENT` where the other needs what is not there. */
  constructor(from: Taker, to: Taker) {
    this.#from = from;
    this.#to = to;
    this.#maps = new Map(
      Object.entries(to.validity).map(([name, { unit, nominal }]) => {
        const ours = Object.hasOwn(from.validity, name) ? from.validity[name] : undefined;
        const map = ours ? convertUnits(ours.unit, unit) : nominal;
        if (map !== undefined) return [name, map];
        const has = Object.keys(from.validity).join(", ") || "none";
        throw new InvalidArgumentError(
          `${to.model} cannot stand in for ${from.model}: it needs the condition "${name}", and there are ${has}.`,
        );
      }),
    );
  }

  /** The conditions of a request as the other takes them. */
  of({ conditions, eventIds }: Pick<GenerateRequest, "conditions" | "eventIds">): GenerateRequest["conditions"] {
    return Object.fromEntries(
      [...this.#maps].map(([name, map]) => {
        if (typeof map === "number") return [name, new Float64Array(eventIds.length).fill(map)];
        const values = conditions[name] as Float64Array;
        return [name, isSame(map) ? values : values.map((value) => converted(value, map))];
      }),
    );
  }

  /** Whether the other can make an event of a request. */
  covers(request: Conditions, event: number): boolean {
    return this.#firstOutside(request, event) === undefined;
  }

  /** @throws `TWIN_OUT_OF_DOMAIN` where the other cannot make an event of a request, with the first condition that it lacks. */
  check(request: Conditions, event: number): void {
    const outside = this.#firstOutside(request, event);
    if (outside) throw new OutOfDomainError({ ...outside, index: event });
  }

  #firstOutside(
    { conditions }: Conditions,
    event: number,
  ): Omit<ConstructorParameters<typeof OutOfDomainError>[0], "index"> | undefined {
    for (const [condition, { unit, nominal = Number.NaN }] of Object.entries(this.#from.validity)) {
      const value = (conditions[condition] as Float64Array)[event] as number;
      const map = this.#maps.get(condition);
      if (map === undefined) {
        const range = { unit, min: nominal, max: nominal };
        const what = `${this.#to.model}, which does not know ${condition}`;
        if (!isWithinRange(value, range)) return { what, condition, value, ...range };
        continue;
      }
      const range = this.#to.validity[condition] as ValidityRange;
      const theirs = converted(value, map as LinearMap);
      const what = `${this.#to.model}, in place of ${this.#from.model}`;
      if (!isWithinRange(theirs, range)) return { what, condition, value: theirs, ...range };
    }
    return undefined;
  }

  /** The ranges of the conditions that both have, in our units. */
  get ranges(): Readonly<Record<string, Pick<ValidityRange, "min" | "max">>> {
    const shared = Object.entries(this.#from.validity).filter(([name]) => this.#maps.has(name));
    return Object.fromEntries(
      shared.map(([name, { unit }]) => {
        const theirs = this.#to.validity[name] as ValidityRange;
        const map = convertUnits(theirs.unit, unit);
        const ends = [converted(theirs.min, map), converted(theirs.max, map)];
        return [name, { min: Math.min(...ends), max: Math.max(...ends) }];
      }),
    );
  }
}

function isSame({ scale, offset }: LinearMap): boolean {
  return scale === 1 && offset === 0;
}

/** In the other unit, to 15 digits: so that the end of a range in one unit is its end in the other. */
function converted(value: number, map: LinearMap): number {
  return isSame(map) ? value : Number((value * map.scale + map.offset).toPrecision(15));
}
