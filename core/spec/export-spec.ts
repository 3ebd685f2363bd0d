import type { Composition } from "../kernel/composition.ts";

/** Where the text will be. */
export interface ExportSpecOptions {
  /** The twin.yaml that will hold it: paths of artifacts and modules are written relative to its folder. */
  readonly file?: string;
}

/**
 * Writes a composition as the text of a twin.yaml. Loading it gives an equal composition; secrets stay references.
 *
 * @param options - `file`: where the text will be; by default where the composition came from, or `twin.yaml` in the
 *   working directory.
 * @throws `TWIN_SPEC_NOT_EXPORTABLE` with every value that no twin.yaml can hold: constants, functions, class instances.
 */
export async function exportSpec(composition: Composition, options: ExportSpecOptions = {}): Promise<string> {
  // Imported here: only programs that read or write specs need YAML.
  const { writeSpec } = await import("./write-spec.ts");
  return writeSpec(composition, options);
}
