import { TwinError } from "../../errors/twin-error.ts";

/** The engine or a package that a version needs cannot be packed as it is installed here. Nothing was written. */
export class EngineNotPackableError extends TwinError {
  override readonly name = "EngineNotPackableError";
  override readonly code = "TWIN_ENGINE_NOT_PACKABLE";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The engine cannot be packed with the versions:\n${problems.map((problem) => `  - ${problem}`).join("\n")}\nInstall what they were sealed with (twin restore gives the lock file), or pack without the engine.`,
    );
    this.problems = problems;
  }
}

/** The packages in an archive have code for another kind of machine. */
export class PlatformMismatchError extends TwinError {
  override readonly name = "PlatformMismatchError";
  override readonly code = "TWIN_PLATFORM_MISMATCH";
  readonly file: string;

  constructor(file: string, { packed, here }: { readonly packed: string; readonly here: string }) {
    super(
      `The engine in "${file}" is for ${packed}, and this is ${here}. Nothing was unpacked. Pack it on a machine like this one, or unpack the versions alone, without the engine.`,
    );
    this.file = file;
  }
}
