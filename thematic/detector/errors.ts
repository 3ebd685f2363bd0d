import { type SchemaProblem, TwinError } from "../../core/index.ts";

/**
 * A geometry file cannot be read as what it should be: unknown name, XML that is not CaloChallenge binning, or a
 * material description with a wrong or missing entry. Correct the file that the message names.
 */
export class GeometryInvalidError extends TwinError {
  override readonly name = "GeometryInvalidError";
  override readonly code = "TWIN_GEOMETRY_INVALID";
}

/**
 * A geometry is well formed but of a kind that the calorimeter does not do (layers with different binning). Use a
 * geometry with equal layers.
 */
export class GeometryUnsupportedError extends TwinError {
  override readonly name = "GeometryUnsupportedError";
  override readonly code = "TWIN_GEOMETRY_UNSUPPORTED";
}

/**
 * A dataset does not hold showers of this calorimeter: a variable is missing, has another shape or dtype, or has NaN,
 * infinite or negative energies.
 */
export class ShowersInvalidError extends TwinError {
  override readonly name = "ShowersInvalidError";
  override readonly code = "TWIN_SHOWERS_INVALID";
}

/** A calorimeter was asked to simulate, and the twin has no generator, or one of another voxel layout. */
export class NoSimulatorError extends TwinError {
  override readonly name = "NoSimulatorError";
  override readonly code = "TWIN_NO_SIMULATOR";
}

/**
 * A file given as evidence of classifiers is not of the form that the training recipe writes. The message says where.
 */
export class EvidenceInvalidError extends TwinError {
  override readonly name = "EvidenceInvalidError";
  override readonly code = "TWIN_EVIDENCE_INVALID";
  readonly problems: readonly SchemaProblem[];

  constructor(problems: readonly SchemaProblem[]) {
    const lines = problems.slice(0, 5).map(({ path, message }) => `\n  ${path.join(".") || "(the file)"}: ${message}`);
    super(`The evidence cannot be used; make it anew with the training recipe:${lines.join("")}`);
    this.problems = problems;
  }
}

/** Evidence of classifiers is about other showers than those compared, or about another cut. The message says which. */
export class EvidenceMismatchError extends TwinError {
  override readonly name = "EvidenceMismatchError";
  override readonly code = "TWIN_EVIDENCE_MISMATCH";
  /** What does not agree. */
  readonly side: "generated" | "reference" | "cut";

  constructor(side: "generated" | "reference" | "cut", difference: string) {
    super(
      `The evidence is not about what is compared here: its ${side === "cut" ? side : `${side} set`} ${difference}. Judge these files with the training recipe, or give the files that it judged.`,
    );
    this.side = side;
  }
}

/** Response conditions are not what a calorimeter can have. The message names each entry, and what is allowed. */
export class ResponseInvalidError extends TwinError {
  override readonly name = "ResponseInvalidError";
  override readonly code = "TWIN_RESPONSE_INVALID";
  readonly problems: readonly SchemaProblem[];

  constructor(problems: readonly SchemaProblem[]) {
    const lines = problems.map(({ path, message }) => `\n  - ${path.join(".") || "the conditions"}: ${message}`);
    super(`These response conditions cannot be applied:${lines.join("")}`);
    this.problems = problems;
  }
}

/**
 * The script of a test beam is not what one may be, or its source cannot make its events. The message says where in the
 * file, and what is allowed.
 */
export class TestBeamInvalidError extends TwinError {
  override readonly name = "TestBeamInvalidError";
  override readonly code = "TWIN_TESTBEAM_INVALID";
  readonly problems: readonly SchemaProblem[];

  /** @param placeOf - Where in a file a problem is, such as `"drift.yaml:3:5 "`. */
  constructor(problems: readonly SchemaProblem[], placeOf?: (problem: SchemaProblem) => string) {
    const lines = problems.map((problem) => {
      const place = placeOf?.(problem) ?? "";
      return `\n  - ${place}${problem.path.join(".") || "the script"}: ${problem.message}`;
    });
    super(`This test beam cannot run:${lines.join("")}`);
    this.problems = problems;
  }
}
