import { TwinError } from "../errors/twin-error.ts";
import { redactLocation } from "./redact.ts";

/** A location is against the policy of its source: outside its root, a redirect to elsewhere, a path that climbs. */
export class LocationRefusedError extends TwinError {
  override readonly name = "LocationRefusedError";
  override readonly code = "TWIN_LOCATION_REFUSED";
  readonly location: string;

  constructor(location: string, why: string, options?: ErrorOptions) {
    const shown = redactLocation(location);
    super(`"${shown}" is refused: ${why}`, options);
    this.location = shown;
  }
}

/** A server or mount did not answer, or answered wrongly, for as long as the source may try. */
export class SourceUnavailableError extends TwinError {
  override readonly name = "SourceUnavailableError";
  override readonly code = "TWIN_SOURCE_UNAVAILABLE";
  readonly location: string;

  constructor(location: string, problem: string, options?: ErrorOptions) {
    const shown = redactLocation(location);
    super(`"${shown}" is not available: ${problem}`, options);
    this.location = shown;
  }
}

/** A file that can only be read as a whole is larger than a download may be. */
export class DownloadTooLargeError extends TwinError {
  override readonly name = "DownloadTooLargeError";
  override readonly code = "TWIN_DOWNLOAD_TOO_LARGE";
  readonly location: string;
  readonly bytes: number;
  readonly maxBytes: number;

  constructor(location: string, size: { readonly bytes: number; readonly maxBytes: number }) {
    super(
      `"${location}" must be downloaded as a whole, and its ${size.bytes} bytes are more than the ${size.maxBytes} that this source may download. Raise its option \`maxDownloadBytes\`, or download it yourself and open the copy.`,
    );
    this.location = location;
    this.bytes = size.bytes;
    this.maxBytes = size.maxBytes;
  }
}
