import type { SourceEntry } from "../contracts/source.ts";

/**
 * A way to a server: single tries of single requests. {@link RemoteSource} makes a `Source` of it, with retries, caches,
 * downloads and patterns; an author of a source for another protocol writes only this.
 *
 * A try that failed for a reason that may pass throws a {@link TransientFailure}; everything else is final.
 */
export interface Transport {
  /**
   * The one address of an object, from which its name in the caches is made. Nothing is sent.
   *
   * @throws `TWIN_LOCATION_REFUSED` when the location is against the policy.
   */
  resolve(location: string): string;

  /**
   * Asks for bytes of an object, and resolves when the answer begins. That the body has the promised length is checked by
   * the caller; that it is the range that was asked for must be checked here.
   *
   * @throws {@link TransientFailure}; `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE`, `TWIN_LOCATION_REFUSED`.
   */
  fetchRange(location: string, request: RangeRequest): Promise<RangeReply>;

  /**
   * What lies directly in a folder, or a page of it.
   *
   * @param folder - A location that ends in a slash.
   * @throws As {@link fetchRange}. Absent where the protocol cannot list.
   */
  listFolder?(folder: string, request: FolderRequest): Promise<FolderPage>;
}

/** What {@link Transport.fetchRange} is asked for. */
export interface RangeRequest {
  readonly start: number;
  /** At most so many bytes; fewer where the object ends. */
  readonly length: number;
  /** The version that is wanted, so that a server need not send another one. */
  readonly version?: string | undefined;
  /** Ends the try, the body included. */
  readonly signal: AbortSignal;
}

/** What a server answers. */
export interface RangeReply {
  /** Length of the whole object; `undefined` where the server does not say. */
  readonly bytes: number | undefined;
  /** Names these very bytes; `undefined` where the server has nothing that does. */
  readonly version: string | undefined;
  /** Whether the body is the range, or the whole object because the server knows no ranges or has another version. */
  readonly isRange: boolean;
  readonly body: AsyncIterable<Uint8Array>;
  /** SHA-256 of the whole object in hexadecimal, where the server says it. */
  readonly sha256?: string | undefined;
}

/** What {@link Transport.listFolder} is asked for. */
export interface FolderRequest {
  /** Only what begins so is wanted; more may be given. */
  readonly startsWith: string;
  /** {@link FolderPage.next} of the page before. */
  readonly after?: string | undefined;
  readonly signal: AbortSignal;
}

/** What a folder holds. */
export interface FolderPage {
  /** Names, in the form in which patterns name them, with what they stand for. */
  readonly files: readonly { readonly name: string; readonly entry: SourceEntry }[];
  /** Names of folders, without slash. */
  readonly folders: readonly string[];
  /** Where the next page begins; absent on the last one. */
  readonly next?: string | undefined;
}
