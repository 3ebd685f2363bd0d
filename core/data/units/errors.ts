import { TwinError } from "../../errors/twin-error.ts";

/** A unit is not one that UDUNITS would know, or is none at all. */
export class UnknownUnitError extends TwinError {
  override readonly name = "UnknownUnitError";
  override readonly code = "TWIN_UNIT_UNKNOWN";
  /** As it is written; `undefined` where values have no unit. */
  readonly unit: string | undefined;

  constructor(unit: string | undefined, problem: string) {
    super(unit === undefined ? problem : `Unit "${unit}" ${problem}`);
    this.unit = unit;
  }
}

/** Two units measure different things. */
export class IncompatibleUnitsError extends TwinError {
  override readonly name = "IncompatibleUnitsError";
  override readonly code = "TWIN_UNITS_INCOMPATIBLE";
  readonly from: string;
  readonly to: string;

  constructor(units: { readonly from: string; readonly to: string }, problem: string) {
    super(`Cannot convert "${units.from}" to "${units.to}": ${problem}`);
    this.from = units.from;
    this.to = units.to;
  }
}
