import { TwinError } from "../errors/twin-error.ts";

/** A value has no canonical JSON form: NaN, an infinity, `undefined`, a bigint, a function, a lone surrogate, a cycle. */
export class NotCanonicalError extends TwinError {
  override readonly name = "NotCanonicalError";
  override readonly code = "TWIN_NOT_CANONICAL";
  /** Where in the value: `$.parameters.seed`. */
  readonly path: string;

  constructor(path: string, problem: string) {
    super(`${path} ${problem}`);
    this.path = path;
  }
}
