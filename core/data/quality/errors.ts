import type { SchemaProblem } from "../../errors/check-schema.ts";
import { TwinError } from "../../errors/twin-error.ts";
import type { QualityReport } from "./check-quality.ts";

/** Quality rules are not what rules may be. */
export class InvalidRulesError extends TwinError {
  override readonly name = "InvalidRulesError";
  override readonly code = "TWIN_INVALID_RULES";
  readonly problems: readonly SchemaProblem[];

  constructor(what: string, problems: readonly SchemaProblem[], placeOf?: (problem: SchemaProblem) => string) {
    const lines = problems.map((problem) => {
      const at = placeOf?.(problem) ?? "";
      return `\n  - ${at}${problem.path.join(".") || "the rules"}: ${problem.message}`;
    });
    super(`${what} cannot be checked by:${lines.join("")}`);
    this.problems = problems;
  }
}

/** Data break their quality rules. */
export class QualityError extends TwinError {
  override readonly name = "QualityError";
  override readonly code = "TWIN_QUALITY_VIOLATED";
  readonly report: QualityReport;

  constructor(what: string, report: QualityReport) {
    const { violations } = report;
    const shown = violations.slice(0, 5).map(({ message }) => `\n  - ${message}`);
    const more = violations.length > 5 ? `\n  - … (${violations.length} in all)` : "";
    super(`${what} breaks ${violations.length} of its quality rules:${shown.join("")}${more}`);
    this.report = report;
  }
}
