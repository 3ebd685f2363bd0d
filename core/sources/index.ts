export { DownloadTooLargeError, LocationRefusedError, SourceUnavailableError } from "./errors.ts";
export { findSource, openSource, readBytes } from "./find-source.ts";
export { type HttpAnswer, httpGet } from "./http-get.ts";
export { type Explanation, type HttpRangeOptions, httpRange, httpRefusal, sendHttp } from "./http-range.ts";
export { LocalSource, type LocalSourceOptions } from "./local-source.ts";
export { redactLocation } from "./redact.ts";
export {
  type CacheOptions,
  type RemoteOptions,
  type RemotePolicy,
  RemoteSource,
  type RemoteSourceParts,
  remoteOptions,
} from "./remote-source.ts";
export { type RetryChoice, RetryOptions, type RetryPolicy, TransientFailure } from "./retries.ts";
export type { FolderPage, FolderRequest, RangeReply, RangeRequest, Transport } from "./transport.ts";
