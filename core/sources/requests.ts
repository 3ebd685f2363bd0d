import { ReadFailedError } from "../files/errors.ts";
import { abortable, Patience } from "./abortable.ts";
import { Limit } from "./limit.ts";
import { redactLocation } from "./redact.ts";
import { Retries, type RetryPolicy, TransientFailure } from "./retries.ts";
import type { Timing } from "./timing.ts";
import type { FolderPage, RangeReply, Transport } from "./transport.ts";

/** How {@link Requests} are made. */
export interface RequestOptions {
  readonly transport: Transport;
  readonly retry: RetryPolicy;
  /** How long a server may say nothing, ms. */
  readonly idleMs: number;
  /** How many requests run at once. */
  readonly concurrency: number;
  readonly timing: Timing;
}

/** What an object was when it was opened. */
export interface ObjectIdentity {
  readonly location: string;
  readonly bytes: number;
  readonly version: string;
}

/** What the first request tells of an object. */
export interface FirstLook {
  /** `undefined` where the server does not say. */
  readonly bytes: number | undefined;
  readonly version: string | undefined;
  readonly sha256?: string | undefined;
  /** Whether the server knows ranges. */
  readonly isRange: boolean;
  /** The first bytes; `undefined` when the server sends nothing but the whole, and that is more. */
  readonly head: Uint8Array | undefined;
}

/** Bytes and where they belong. A position may come again after a failure: what came later counts. */
export type Piece = readonly [position: number, bytes: Uint8Array];

/** Progress that makes a server count as answering: the limits of a retry policy start anew. */
const PROGRESS_BYTES = 1 << 16;

/** Requests to a server, repeated until they succeed or the policy ends. */
export class Requests {
  readonly #options: RequestOptions;
  readonly #limit: Limit;

  constructor(options: RequestOptions) {
    this.#options = options;
    this.#limit = new Limit(options.concurrency);
  }

  /** Asks for the first bytes, and so for everything that is to be known. */
  async first(location: string, length: number, signal?: AbortSignal): Promise<FirstLook> {
    return await this.#retrying(location, signal, async (patience) => {
      const { transport } = this.#options;
      const reply = await transport.fetchRange(location, { start: 0, length, signal: patience.signal });
      const { bytes: total, version, sha256, isRange } = reply;
      const about = { bytes: total, version, sha256, isRange };
      const expected = total === undefined ? undefined : Math.min(length, total);
      // The whole, and more than was asked for: whoever wants it downloads it.
      if (expected === undefined || (!isRange && total !== expected)) return { ...about, head: undefined };
      const head = new Uint8Array(expected);
      for await (const [position, bytes] of pieces(reply, { start: 0, length: expected, patience })) {
        head.set(bytes, position);
      }
      return { ...about, head };
    });
  }

  /**
   * Bytes of an object, all of the version that was opened. What broke off is continued where it did.
   *
   * @throws {@link ReadFailedError} when the object changed; as {@link Retries.pause}.
   */
  async *range(
    object: ObjectIdentity,
    of: { readonly start: number; readonly length: number },
    signal?: AbortSignal,
  ): AsyncGenerator<Piece> {
    const { transport, retry, timing, idleMs } = this.#options;
    const { location } = object;
    const end = of.start + of.length;
    const leave = await this.#limit.enter(signal);
    try {
      const retries = new Retries(redactLocation(location), retry, timing);
      let counted = of.start;
      let next = of.start;
      while (next < end) {
        using patience = new Patience(idleMs, signal);
        const wanted = { start: next, length: end - next };
        try {
          const request = { ...wanted, version: object.version, signal: patience.signal };
          const reply = await abortable(transport.fetchRange(location, request), patience.signal);
          checkSame(object, reply);
          for await (const piece of pieces(reply, { ...wanted, patience })) {
            next = piece[0] + piece[1].length;
            if (next - counted >= PROGRESS_BYTES) {
              retries.progressed();
              counted = next;
            }
            yield piece;
          }
        } catch (error) {
          // Of an answer that is longer than it said nothing is believed.
          if (error instanceof OverlongBody) next = wanted.start;
          await retries.pause(patience.signal.aborted ? patience.signal.reason : error, signal);
        }
      }
    } finally {
      leave();
    }
  }

  /** The whole of an object of unknown length or version, in one answer; it cannot be continued. */
  async whole<T>(
    location: string,
    use: (reply: RangeReply, bytes: AsyncIterable<Uint8Array>) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    return await this.#retrying(location, signal, async (patience) => {
      const request = { start: 0, length: Number.POSITIVE_INFINITY, signal: patience.signal };
      const reply = await this.#options.transport.fetchRange(location, request);
      return await use(reply, body(reply, { start: 0, length: reply.bytes, patience }));
    });
  }

  /** A page of a folder. */
  async folder(
    folder: string,
    request: { readonly startsWith: string; readonly after: string | undefined },
    signal?: AbortSignal,
  ): Promise<FolderPage> {
    const { transport } = this.#options;
    return await this.#retrying(folder, signal, async (patience) => {
      const page = await transport.listFolder?.(folder, { ...request, signal: patience.signal });
      return page ?? { files: [], folders: [] };
    });
  }

  async #retrying<T>(
    location: string,
    signal: AbortSignal | undefined,
    attempt: (patience: Patience) => Promise<T>,
  ): Promise<T> {
    const leave = await this.#limit.enter(signal);
    try {
      const { retry, timing, idleMs } = this.#options;
      const retries = new Retries(redactLocation(location), retry, timing);
      const once = async (): Promise<T> => {
        using patience = new Patience(idleMs, signal);
        try {
          return await abortable(attempt(patience), patience.signal);
        } catch (error) {
          throw patience.signal.aborted ? patience.signal.reason : error;
        }
      };
      return await retries.run(once, signal);
    } finally {
      leave();
    }
  }
}

/** More came than was announced. */
class OverlongBody extends TransientFailure {}

interface Expected {
  readonly start: number;
  readonly length: number;
  readonly patience: Patience;
}

/** The bytes of an answer, counted: neither more nor fewer than expected. */
async function* pieces(reply: RangeReply, expected: Expected): AsyncGenerator<Piece> {
  let at = expected.start;
  for await (const bytes of body(reply, expected)) {
    yield [at, bytes];
    at += bytes.length;
  }
}

async function* body(
  reply: RangeReply,
  { length, patience }: Omit<Expected, "length"> & { readonly length: number | undefined },
): AsyncGenerator<Uint8Array> {
  let count = 0;
  const chunks = reply.body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await abortable(chunks.next(), patience.signal);
      if (done === true) break;
      patience.refresh(value.length);
      count += value.length;
      if (length !== undefined && count > length) {
        throw new OverlongBody(`the answer was longer than the ${length} bytes announced`);
      }
      if (value.length > 0) yield value;
    }
  } catch (error) {
    throw patience.signal.aborted ? patience.signal.reason : broken(error, count, length);
  } finally {
    // Not waited for: what no longer answers would hold it up.
    void chunks.return?.().catch(() => undefined);
  }
  if (length !== undefined && count < length) {
    throw new TransientFailure(`the answer broke off after ${count} of ${length} bytes`);
  }
}

/** A body fails by whatever its stream throws: a connection that broke. */
function broken(error: unknown, count: number, length: number | undefined): unknown {
  if (
    error instanceof TransientFailure ||
    (error instanceof Error && "code" in error && `${error.code}`.startsWith("TWIN_"))
  ) {
    return error;
  }
  const of = length === undefined ? "" : ` of ${length}`;
  return new TransientFailure(`the connection broke after ${count}${of} bytes`, { cause: error });
}

/** An object is another than when it was opened. */
export function changedError(
  then: ObjectIdentity,
  now: { readonly bytes: number | undefined; readonly version: string | undefined },
): ReadFailedError {
  return new ReadFailedError(
    redactLocation(then.location),
    `it was changed since it was opened (${then.bytes} bytes, ${then.version} then; ${now.bytes ?? "?"} bytes, ${now.version ?? "no version"} now). Open it again.`,
  );
}

function checkSame(object: ObjectIdentity, reply: RangeReply): void {
  const isSame = reply.version === object.version && (reply.bytes ?? object.bytes) === object.bytes;
  if (!isSame) throw changedError(object, reply);
  if (!reply.isRange) throw new TransientFailure("the server sent the whole instead of the range");
}
