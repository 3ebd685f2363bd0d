import type { MessagePort } from "node:worker_threads";
import { damaged, RequestFailure } from "./failure.ts";
import type { FileKey, RangeReply } from "./protocol.ts";

/** How often waiting for bytes counts as progress: how long a source may take is the source's to say, ms. */
const WAITING_MS = 1000;

/** Bytes of a file, which the main thread reads: sources, with their credentials and retries, live there. */
export class BytePort {
  readonly #port: MessagePort;
  readonly #file: FileKey;
  readonly #waiting = new Map<number, { resolve(bytes: Uint8Array): void; reject(error: Error): void }>();
  readonly #tick: () => void;
  #ticking: NodeJS.Timeout | undefined;
  #lastId = 0;

  constructor(port: MessagePort, file: FileKey, tick: () => void) {
    this.#port = port;
    this.#file = file;
    this.#tick = tick;
    port.on("message", (reply: RangeReply) => this.#settle(reply));
  }

  /** All the bytes asked for; fewer are an error. */
  read(position: number, length: number): Promise<Uint8Array> {
    const isInside = position >= 0 && length > 0 && position + length <= this.#file.bytes;
    if (!isInside || !Number.isSafeInteger(position) || !Number.isSafeInteger(length)) {
      return Promise.reject(
        damaged(`it refers to ${length} bytes at ${position}, and has ${this.#file.bytes}; it may be cut short`),
      );
    }
    this.#ticking ??= setInterval(this.#tick, WAITING_MS);
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      this.#port.postMessage({ id, position, length });
    });
  }

  close(): void {
    clearInterval(this.#ticking);
    this.#port.close();
  }

  #settle(reply: RangeReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) {
      clearInterval(this.#ticking);
      this.#ticking = undefined;
    }
    if ("failure" in reply) waiting?.reject(new RequestFailure("source", reply.failure));
    else waiting?.resolve(reply.bytes);
  }
}
