import { TwinError } from "./twin-error.ts";

/** A condition lies outside the range in which a model or formula is valid. */
export class OutOfDomainError extends TwinError {
  override readonly name = "OutOfDomainError";
  override readonly code = "TWIN_OUT_OF_DOMAIN";
  /** Name of the condition, with its unit where it has one. */
  readonly condition: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;

  constructor(facts: {
    readonly what: string;
    readonly condition: string;
    readonly value: number;
    readonly min: number;
    readonly max: number;
    readonly unit?: string;
    readonly index?: number;
  }) {
    const unit = facts.unit ? ` ${facts.unit}` : "";
    const where = facts.index === undefined ? "" : ` of event ${facts.index}`;
    super(
      `${facts.what}: ${facts.condition}${where} is ${facts.value}${unit}, outside its valid range of ${facts.min} to ${facts.max}${unit}. Ask for values inside the range, or use a model that covers it.`,
    );
    this.condition = facts.condition;
    this.value = facts.value;
    this.min = facts.min;
    this.max = facts.max;
  }
}
