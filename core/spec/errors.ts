import { TwinError } from "../errors/twin-error.ts";
import type { ProblemCode, SourcePosition } from "../kernel/composition.ts";

/** What is wrong with a twin.yaml beside the problems of the composition that it describes. */
export type SpecCode =
  /** No YAML: a syntax error, a key written twice, an unknown tag. */
  | "TWIN_SPEC_SYNTAX"
  /** YAML, but no spec: an unknown or missing key, a value of another type, a secret that is no reference. */
  | "TWIN_SPEC_SHAPE"
  /** `use` names a module that is not there, or that exports no such plugin. */
  | "TWIN_PLUGIN_NOT_FOUND"
  /** The module that `use` names failed while it was imported. */
  | "TWIN_PLUGIN_IMPORT_FAILED";

/** One thing that is wrong with a twin.yaml, and where. */
export interface Diagnostic extends SourcePosition {
  readonly code: SpecCode | ProblemCode | "TWIN_INVALID_PLAN";
  readonly message: string;
  /** Path in the composition; `["plugins", "detector", "geometry"]`. */
  readonly path: readonly (string | number)[];
}

/** A twin.yaml cannot become a composition. Holds everything that was found, in the order of the file. */
export class SpecError extends TwinError {
  override readonly name = "SpecError";
  override readonly code = "TWIN_INVALID_SPEC";
  readonly file: string;
  readonly diagnostics: readonly Diagnostic[];

  constructor(file: string, diagnostics: readonly Diagnostic[], options?: ErrorOptions) {
    super(
      `"${file}" is not a valid twin spec:\n${diagnostics.map((each) => `  - ${describe(each)}`).join("\n")}`,
      options,
    );
    this.file = file;
    this.diagnostics = diagnostics;
  }
}

function describe({ file, line, column, message, code }: Diagnostic): string {
  return `${file}:${line}:${column}: ${message} [${code}]`;
}

/** A composition holds something that a twin.yaml cannot: a value made in code, an option that is no plain data. */
export class SpecExportError extends TwinError {
  override readonly name = "SpecExportError";
  override readonly code = "TWIN_SPEC_NOT_EXPORTABLE";
  readonly problems: readonly { readonly path: readonly (string | number)[]; readonly message: string }[];

  constructor(problems: readonly { readonly path: readonly (string | number)[]; readonly message: string }[]) {
    const list = problems.map(({ path, message }) => `  - ${path.join(".")}: ${message}`);
    super(`This composition cannot be written as a twin.yaml:\n${list.join("\n")}`);
    this.problems = problems;
  }
}

/** The environment variable that a secret refers to is not set, or is empty. */
export class SecretMissingError extends TwinError {
  override readonly name = "SecretMissingError";
  override readonly code = "TWIN_SECRET_MISSING";
  /** Name of the environment variable. */
  readonly variable: string;

  constructor(variable: string) {
    super(
      `The secret \${env:${variable}} cannot be read: the environment variable ${variable} is not set, or is empty.`,
    );
    this.variable = variable;
  }
}

/** An artifact's bytes are not those that its digest was taken of. */
export class ArtifactChangedError extends TwinError {
  override readonly name = "ArtifactChangedError";
  override readonly code = "TWIN_ARTIFACT_CHANGED";
  readonly location: string;

  constructor(location: string, expected: string, found: string) {
    super(
      `"${location}" is not the file that the composition was made with: its digest is ${found}, expected ${expected}. Restore the file, or put the new digest in the composition.`,
    );
    this.location = location;
  }
}
