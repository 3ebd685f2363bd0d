import { type SchemaProblem, TwinError } from "../../core/index.ts";

/** A site profile is not there, or is not what a profile may be. */
export class InvalidProfileError extends TwinError {
  override readonly name = "InvalidProfileError";
  override readonly code = "TWIN_INVALID_PROFILE";
  /** Path of the profile, or the name that no profile has. */
  readonly profile: string;
  readonly problems: readonly SchemaProblem[];

  constructor(
    profile: string,
    problems: readonly SchemaProblem[],
    placeOf: (problem: SchemaProblem) => string = () => "",
    options?: ErrorOptions,
  ) {
    const lines = problems.map((problem) => {
      const what = problem.path.length === 0 ? "" : `${problem.path.join(".")}: `;
      return `\n  - ${placeOf(problem)}${what}${problem.message}`;
    });
    super(`"${profile}" is not a site profile:${lines.join("")}`, options);
    this.profile = profile;
    this.problems = problems;
  }
}
