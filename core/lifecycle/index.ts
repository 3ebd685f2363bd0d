export { EngineNotPackableError, PlatformMismatchError } from "./care/engine-errors.ts";
export { ArchiveInvalidError, LogDivergedError } from "./care/errors.ts";
export type { StoreFindings, StoreProblem } from "./care/findings.ts";
export { type Collected, type CollectOptions, collectGarbage } from "./care/gc.ts";
export { type Packed, type PackOptions, packStore } from "./care/pack.ts";
export { type Unpacked, type UnpackOptions, unpackStore } from "./care/unpack.ts";
export { type UnpackedEngine, unpackEngine } from "./care/unpack-engine.ts";
export { type VerifyOptions, verifyStore } from "./care/verify.ts";
export { diffVersions } from "./compare/diff-versions.ts";
export { type Lineage, type LineageEdge, type LineageNode, lineage } from "./compare/lineage.ts";
export { lineageDot, lineageText } from "./compare/lineage-text.ts";
export { type MetricRow, metricRows } from "./compare/metric-rows.ts";
export type { VersionChange } from "./compare/value-changes.ts";
export type { ComparedVersion, DiffSection, VersionDiff } from "./compare/version-diff.ts";
export { PinLostError, StoreNewerError, StoreNotFoundError } from "./errors.ts";
export type { CrateAgent, ExportCrateOptions } from "./export/crate-root.ts";
export { exportCrate } from "./export/export-crate.ts";
export { type ExportProvOptions, exportProv } from "./export/export-prov.ts";
export type { FileFacts, FolderEntry, StoreFile, StoreFs } from "./fs/store-fs.ts";
export { lifecycleJsonSchemas } from "./json-schemas.ts";
export { readAttestation, readNoted } from "./log/attestations.ts";
export {
  AliasMovedError,
  AttestationInvalidError,
  LogBrokenError,
  PolicyInvalidError,
  StateRefusedError,
  VersionNotFoundError,
} from "./log/errors.ts";
export { type AppendOptions, EventLog } from "./log/event-log.ts";
export { versionName } from "./log/find-version.ts";
export type { GateCheck } from "./log/gate.ts";
export { TRANSITIONS } from "./log/transitions.ts";
export type { AliasMove, AttestationEntry, TwinState, VersionEntry } from "./log/twin-state.ts";
export { MEDIA_TYPES } from "./media-types.ts";
export { ObjectCorruptError, ObjectMissingError } from "./objects/errors.ts";
export { FileObjects } from "./objects/file-objects.ts";
export { MemoryObjects } from "./objects/memory-objects.ts";
export type { LivePin, Pin } from "./pins.ts";
export type { RunFiles } from "./reproduce/compare-files.ts";
export type { CompareRunsOptions } from "./reproduce/compare-outputs.ts";
export { compareRuns } from "./reproduce/compare-runs.ts";
export { keepRun } from "./reproduce/find-run.ts";
export { type ReproductionReport, ReproductionReportSchema } from "./reproduce/report.ts";
export { type Rerun, type RerunOptions, rerun } from "./reproduce/rerun.ts";
export { type OutputTolerance, parseTolerances, type Tolerances } from "./reproduce/tolerances.ts";
export {
  type Attestation,
  type Change,
  type Descriptor,
  type Event,
  type Manifest,
  STATES,
  type VersionConfig,
  type VersionState,
} from "./schema.ts";
export { type GateOptions, type OpenStoreOptions, openStore, TwinStore } from "./store.ts";
export { FolderNotEmptyError, NotSealableError, VersionDamagedError, VersionWithdrawnError } from "./version/errors.ts";
export { type LoadedVersion, type LoadVersionOptions, loadVersion } from "./version/load-version.ts";
export { readVersion, type SealedVersion, writeVersion } from "./version/manifest.ts";
export { namedNumbers } from "./version/model-card.ts";
export { type OpenTwinOptions, openTwin } from "./version/open-twin.ts";
export { type RestoredVersion, type RestoreOptions, restoreVersion } from "./version/restore.ts";
export { type SealOptions, type SealResult, sealVersion } from "./version/seal.ts";
export type { SealTwinOptions } from "./version/seal-twin.ts";
