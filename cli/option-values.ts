import { InvalidArgumentError } from "commander";
import type { BigIntOption, NumberOption, OptionDefinition } from "./command.ts";

/** Reads what was typed for an option; commander puts the option's name before the message of the error. */
export function parseOption(option: OptionDefinition, typed: string, previous: unknown): unknown {
  switch (option.kind) {
    case "flag":
      return true;
    case "text":
      if (typed === "") throw new InvalidArgumentError("It must not be empty.");
      if (option.choices && !option.choices.includes(typed)) {
        throw new InvalidArgumentError(`Allowed: ${option.choices.join(", ")}.`);
      }
      return option.many ? [...((previous as readonly string[] | undefined) ?? []), typed] : typed;
    case "number":
    case "integer":
      return parseNumber(option, typed);
    case "bigint":
      return parseBigInt(option, typed);
  }
}

function parseNumber(option: NumberOption, typed: string): number {
  const value = typed.trim() === "" ? Number.NaN : Number(typed);
  if (!Number.isFinite(value)) throw new InvalidArgumentError("It must be a number.");
  if (option.kind === "integer" && !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError("It must be a whole number below 2^53.");
  }
  if (option.above !== undefined && value <= option.above) {
    throw new InvalidArgumentError(`It must be above ${option.above}.`);
  }
  checkRange(option, value);
  return value;
}

function parseBigInt(option: BigIntOption, typed: string): bigint {
  if (!/^[+-]?\d+$/.test(typed.trim())) throw new InvalidArgumentError("It must be a whole number.");
  const value = BigInt(typed.trim().replace("+", ""));
  checkRange(option, value);
  return value;
}

function checkRange<T extends number | bigint>(range: { readonly min?: T; readonly max?: T }, value: T): void {
  const { min, max } = range;
  if ((min === undefined || value >= min) && (max === undefined || value <= max)) return;
  const allowed =
    min === undefined ? `at most ${max}` : max === undefined ? `at least ${min}` : `between ${min} and ${max}`;
  throw new InvalidArgumentError(`It must be ${allowed}.`);
}
