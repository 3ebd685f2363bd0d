import { MessageChannel, type MessagePort } from "node:worker_threads";
import { readBytes, type SourceFile } from "../../core/index.ts";
import type { RangeRequest } from "./worker/protocol.ts";

/** Answers a worker's requests for bytes of a file, for the time of one request of ours. */
export interface ByteServer extends Disposable {
  /** Goes to the worker. */
  readonly port: MessagePort;
  /** Why reading failed, if it did: the source's own error, which no thread can hand over. */
  readonly failure: unknown;
}

export function serveBytes(file: SourceFile, signal: AbortSignal | undefined): ByteServer {
  const { port1, port2 } = new MessageChannel();
  let failure: unknown;
  port1.on("message", async ({ id, position, length }: RangeRequest) => {
    try {
      const bytes = await readBytes(file, position, length, { signal });
      port1.postMessage({ id, bytes }, [bytes.buffer]);
    } catch (error) {
      failure ??= error;
      port1.postMessage({ id, failure: String(error) });
    }
  });
  // The request itself keeps the process alive.
  port1.unref();
  return {
    port: port2,
    get failure() {
      return failure;
    },
    [Symbol.dispose]: () => port1.close(),
  };
}
