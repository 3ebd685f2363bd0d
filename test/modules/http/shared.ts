import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RemotePolicy, RemoteSource } from "../../../core/index.ts";
import { HttpTransport, type HttpTransportOptions } from "../../../modules/http/http-transport.ts";
import { steppedTiming } from "../../core/sources/stepped-timing.ts";

/** Numbers in which every position is recognisable. */
export function sampleBytes(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7 + (i >> 16)) & 255);
}

export interface HttpSetup {
  readonly source: RemoteSource;
  readonly folder: string;
  readonly pauses: readonly number[];
  now(): number;
  /** Another source on the same cache folder, as another program would be. */
  another(policy?: Partial<RemotePolicy>): RemoteSource;
  dispose(): Promise<void>;
}

/** A source for a server of the tests, with a cache folder of its own and time that does not pass. */
export async function httpSetup(
  origin: string,
  options: Partial<HttpTransportOptions> & { readonly policy?: Partial<RemotePolicy> } = {},
): Promise<HttpSetup> {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-http-"));
  const { timing, pauses } = steppedTiming();
  const prefixes = [`${origin}/`];
  const { policy, ...transportOptions } = options;
  const another = (changes: Partial<RemotePolicy> = {}): RemoteSource =>
    new RemoteSource({
      prefixes,
      transport: new HttpTransport({ prefixes, redirects: [], ...transportOptions }),
      policy: {
        cache: { folder, maxBytes: 1e9, memoryBytes: 1e6, blockBytes: 4096 },
        maxDownloadBytes: 1e8,
        retry: { attempts: 5, budgetMs: 60_000 },
        idleMs: 2000,
        concurrency: 4,
        ...policy,
        ...changes,
      },
      timing,
    });
  const source = another();
  return {
    source,
    folder,
    pauses,
    now: timing.now,
    another,
    dispose: async () => {
      await source.settled();
      // Blocks of other sources of the test may still be written.
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}
