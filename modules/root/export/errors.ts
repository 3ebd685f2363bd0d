import { TwinError } from "../../../core/index.ts";

/** There is no Python that can run uproot, or it cannot make a virtual environment. */
export class PythonUnavailableError extends TwinError {
  override readonly name = "PythonUnavailableError";
  override readonly code = "TWIN_PYTHON_UNAVAILABLE";

  constructor(problem: string, options?: ErrorOptions) {
    super(
      `Exporting ROOT files needs Python 3.11 or later with venv and pip: ${problem} Install it (Debian and Ubuntu: \`apt install python3 python3-venv\`; macOS: \`brew install python\`; Windows: python.org), or name one by \`--python\`.`,
      options,
    );
  }
}

/** uproot could not export what was asked for. No file was written. */
export class RootExportError extends TwinError {
  override readonly name = "RootExportError";
  override readonly code = "TWIN_ROOT_EXPORT_FAILED";
  readonly location: string;

  constructor(location: string, problem: string, options?: ErrorOptions) {
    super(`"${location}" is not exported: ${problem}`, options);
    this.location = location;
  }
}
