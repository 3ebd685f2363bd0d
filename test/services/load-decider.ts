// Started as a thread of load-worker.ts: decides on what the worker takes in, until it is told that no more comes. Its fits would hold
// up the intake.
import { once } from "node:events";
import { join } from "node:path";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { createTwin, followFeatureWindows } from "../../core/index.ts";
import { decide } from "../../modules/adaptation/index.ts";
import { ganPlugins } from "./load-twin.ts";

/** What it is started with. */
export interface DeciderTask {
  readonly folder: string;
  readonly windowNs: bigint;
  readonly referenceEvents: number;
  readonly templateShowers: number;
}

/** What it tells: first after each window, then once. */
export type DeciderTold =
  | { readonly decidedOn: number }
  | { readonly decisions: readonly { readonly kind: string; readonly events: number }[] };

const { folder, windowNs, referenceEvents, templateShowers } = workerData as DeciderTask;
const port = parentPort as MessagePort;
const tell = (told: DeciderTold): void => port.postMessage(told);
await using twin = await createTwin({ plugins: ganPlugins(templateShowers) });
const { adaptable } = twin;
const ending = new AbortController();
const { signal } = ending;
void once(port, "message").then(() => ending.abort());
const { decisions } = await decide(
  async function* (afterNs) {
    const times = { windowNs, allowedLatenessNs: 0n, patienceNs: 10n * windowNs, afterNs };
    const log = join(folder, "windows.journal");
    try {
      yield* followFeatureWindows(join(folder, "features"), { ...times, log, signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  },
  {
    ...{ adaptable, folder: join(folder, "decisions"), referenceEvents },
    onProgress: ({ events }) => tell({ decidedOn: events }),
  },
);
tell({ decisions: decisions.map(({ decision: { kind, events } }) => ({ kind, events })) });
