export { readAttestation } from "./log/attestations.ts";
export {
  AliasMovedError,
  AttestationInvalidError,
  LogBrokenError,
  StateRefusedError,
  VersionNotFoundError,
} from "./log/errors.ts";
export { type AppendOptions, EventLog } from "./log/event-log.ts";
export { versionName } from "./log/find-version.ts";
export type { AliasMove, AttestationEntry, TwinState, VersionEntry } from "./log/twin-state.ts";
export { MEDIA_TYPES } from "./media-types.ts";
export type { LivePin, Pin } from "./pins.ts";
export { type OpenStoreOptions, openStore, TwinStore } from "./store.ts";
export { FolderNotEmptyError, NotSealableError, VersionDamagedError, VersionWithdrawnError } from "./version/errors.ts";
export { readVersion, type SealedVersion, versionLayers, writeVersion } from "./version/manifest.ts";
