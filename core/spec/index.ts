export { Artifact, type ArtifactOptions, artifact, artifactOption } from "./artifact.ts";
export {
  ArtifactChangedError,
  type Diagnostic,
  SecretMissingError,
  type SpecCode,
  SpecError,
  SpecExportError,
} from "./errors.ts";
export { type ExportSpecOptions, exportSpec } from "./export-spec.ts";
export type { ImportPlugin } from "./import-plugin.ts";
export { loadQualityRules, loadTolerances } from "./load-rules.ts";
export { checkSpec, type LoadedSpec, type LoadSpecOptions, loadSpec } from "./load-spec.ts";
export { type ParsedYaml, parseYaml, type TextPlace } from "./parse-yaml.ts";
export { env, SecretReference, secret } from "./secret.ts";
export { specDocument } from "./spec-document.ts";
export { type KnownPlugin, ownPlugins, specSchema } from "./spec-schema.ts";
