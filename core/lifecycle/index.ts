export { MEDIA_TYPES } from "./media-types.ts";
export { FolderNotEmptyError, NotSealableError, VersionDamagedError, VersionWithdrawnError } from "./version/errors.ts";
export { readVersion, type SealedVersion, versionLayers, writeVersion } from "./version/manifest.ts";
