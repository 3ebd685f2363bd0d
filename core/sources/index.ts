export { DownloadTooLargeError, LocationRefusedError, SourceUnavailableError } from "./errors.ts";
export { findSource, openSource, readBytes } from "./find-source.ts";
export { LocalSource, type LocalSourceOptions } from "./local-source.ts";
export { type RetryChoice, RetryOptions, type RetryPolicy, TransientFailure } from "./retries.ts";
