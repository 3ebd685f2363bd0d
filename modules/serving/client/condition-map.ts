import {
  convertUnits,
  type GenerateRequest,
  type Generator,
  InvalidArgumentError,
  isWithinRange,
  type LinearMap,
  OutOfDomainError,
} from "../../../core/index.ts";

/** Who takes conditions. */
type Taker = Pick<Generator, "model" | "validity">;

/** How the conditions of one generator become those of another that stands in for it. */
export class ConditionMap {
  readonly #from: Taker;
  readonly #to: Taker;
  /** By condition of the other: which of ours, and how; a number where we have none, and it stands for one value. */
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

  /**
   * The conditions of some events.
   *
   * @throws `TWIN_OUT_OF_DOMAIN` where an event has another value of a condition than the one that the other stands for.
   */
  of({ conditions }: GenerateRequest, start: number, stop: number): Readonly<Record<string, Float64Array>> {
    for (const [name, { unit, nominal = Number.NaN }] of Object.entries(this.#from.validity)) {
      if (this.#maps.has(name)) continue;
      const values = (conditions[name] as Float64Array).subarray(start, stop);
      const index = values.findIndex((value) => !isWithinRange(value, { min: nominal, max: nominal }));
      if (index < 0) continue;
      throw new OutOfDomainError({
        what: `${this.#to.model}, which does not know ${name}`,
        condition: name,
        value: values[index] as number,
        min: nominal,
        max: nominal,
        unit,
        index: start + index,
      });
    }
    return Object.fromEntries(
      [...this.#maps].map(([name, map]) => {
        if (typeof map === "number") return [name, new Float64Array(stop - start).fill(map)];
        return [name, converted((conditions[name] as Float64Array).subarray(start, stop), map)];
      }),
    );
  }
}

/** In the other unit, to 15 digits: so that the end of a range in one unit is its end in the other. */
function converted(values: Float64Array, { scale, offset }: LinearMap): Float64Array {
  if (scale === 1 && offset === 0) return values;
  return values.map((value) => Number((value * scale + offset).toPrecision(15)));
}
