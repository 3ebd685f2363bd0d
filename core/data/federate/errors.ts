import { reasonOf } from "../../errors/reason.ts";
import { TwinError } from "../../errors/twin-error.ts";

/** A part of a federation cannot be read now; what does not need it still can. Every later read tries again. */
export class PartUnavailableError extends TwinError {
  override readonly name = "PartUnavailableError";
  override readonly code = "TWIN_PART_UNAVAILABLE";
  /** Name of the part. */
  readonly part: string;

  constructor(part: string, cause: unknown, needed?: string) {
    const what = needed === undefined ? "" : ` ${needed}`;
    super(
      `Part "${part}" of the federation is not available.${what} ${reasonOf(cause)} Other parts can be read; later reads try this one again.`,
      { cause },
    );
    this.part = part;
  }
}

/** A part was open, was closed to make room, and is another file now. */
export class PartChangedError extends TwinError {
  override readonly name = "PartChangedError";
  override readonly code = "TWIN_PART_CHANGED";
  readonly part: string;

  constructor(part: string, versions: { readonly before: string; readonly now: string }) {
    super(
      `Part "${part}" of the federation changed since it was opened (it was ${versions.before} and is ${versions.now}). Open the federation again.`,
    );
    this.part = part;
  }
}

/** Parts do not fit together: dimensions, shapes, types, units, calendars, coordinates. */
export class PartsDisagreeError extends TwinError {
  override readonly name = "PartsDisagreeError";
  override readonly code = "TWIN_PARTS_DISAGREE";
  /** Names of the parts; the one that the others are compared with first. */
  readonly parts: readonly string[];
  /** Path of the variable, where it is about one. */
  readonly variable?: string;

  constructor(
    parts: readonly string[],
    problem: string,
    about: { readonly variable?: string; readonly cause?: unknown } = {},
  ) {
    const which = parts.map((part) => `"${part}"`).join(" and ");
    super(
      `Parts ${which} of the federation do not fit together: ${problem}`,
      about.cause === undefined ? {} : { cause: about.cause },
    );
    this.parts = parts;
    if (about.variable !== undefined) this.variable = about.variable;
  }
}
