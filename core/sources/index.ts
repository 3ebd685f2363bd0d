export { DownloadTooLargeError, LocationRefusedError, SourceUnavailableError } from "./errors.ts";
export { findSource, openSource, readBytes } from "./find-source.ts";
export { LocalSource } from "./local-source.ts";
