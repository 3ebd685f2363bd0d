import { type SchemaProblem, TwinError } from "../../core/index.ts";

const SHOWN = 5;

/** A report document does not have the form that can be rendered: a missing part, lengths that do not fit, a wrong name. */
export class InvalidReportError extends TwinError {
  override readonly name = "InvalidReportError";
  override readonly code = "TWIN_INVALID_REPORT";
  /** Where the first problem is: `"sections[0].items[2].series[1].y"`. */
  readonly path: string;
  /** All problems. */
  readonly problems: readonly { readonly path: string; readonly message: string }[];

  constructor(what: string, problems: readonly SchemaProblem[], options?: ErrorOptions) {
    const named = problems.map(({ path, message }) => ({ path: pathText(path), message }));
    const lines = named.slice(0, SHOWN).map(({ path, message }) => `\n  ${path || "(the document)"}: ${message}`);
    const rest = named.length > SHOWN ? `\n  … and ${named.length - SHOWN} more.` : "";
    super(`${what} cannot be rendered:${lines.join("")}${rest}`, options);
    this.path = named[0]?.path ?? "";
    this.problems = named;
  }
}

function pathText(path: readonly (string | number)[]): string {
  return path.map((key, index) => (typeof key === "number" ? `[${key}]` : index === 0 ? key : `.${key}`)).join("");
}
