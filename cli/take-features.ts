import { resolve } from "node:path";
import {
  Adaptable,
  createTwin,
  type EventStream,
  loadSpec,
  resolveNeeds,
  type TakenEvents,
  takeEvents,
} from "../core/index.ts";
import { RecordedStream } from "../modules/recording/index.ts";
import type { BrokerChoice } from "./broker-options.ts";
import type { CommandIo } from "./command.ts";
import { UsageError } from "./errors.ts";
import { harmless } from "./harmless.ts";
import { listen } from "./listen.ts";
import { isStreamAddress, withStream } from "./stream-address.ts";
import { withTwin } from "./with-twin.ts";

/** Whose features are kept, of which events, and where. */
export interface TakeChoice extends BrokerChoice {
  readonly twin: string;
  readonly from: string;
  readonly folder: string;
  readonly name?: string | undefined;
  readonly group?: string | undefined;
}

/** Keeps features of events until those of a recording end, or it is interrupted. @throws `TWIN_USAGE`; what twin and stream throw. */
export async function takeFeatures(choice: TakeChoice, io: CommandIo): Promise<void> {
  const { from, group, name } = choice;
  const isLive = isStreamAddress(from);
  if (!isLive && (name !== undefined || group !== undefined)) {
    throw new UsageError("--name and --group are of a stream, and --from is a recording.");
  }
  if (group !== undefined && name === undefined) {
    throw new UsageError("--group: give each worker a --name, under which it goes on after a restart.");
  }
  const composition = await loadSpec(resolve(io.cwd, choice.twin), { signal: io.signal });
  await withTwin(await createTwin({ ...composition, signal: io.signal }), async (twin) => {
    const { adaptable } = resolveNeeds(twin, { adaptable: Adaptable });
    let taken: TakenEvents = { events: 0, repeated: 0, deadLetters: 0, sources: [] };
    const onProgress = (now: TakenEvents): void => {
      taken = now;
      io.progress(0, "taking", `${now.events} events`);
    };
    const take = async (stream: EventStream): Promise<void> => {
      const { signal } = io;
      const subscription = await listen(stream, { name, group, signal });
      if (isLive) io.print(`listening to ${stream.address}`);
      const folder = resolve(io.cwd, choice.folder);
      await takeEvents(subscription, { adaptable, folder, shared: group !== undefined, signal, onProgress }).then(
        onProgress,
        (error: unknown) => {
          // Interrupted is how it ends.
          if (!signal.aborted) throw error;
        },
      );
    };
    if (isLive) await withStream({ ...choice, address: from, as: "--from" }, io, take);
    else {
      const recording = new RecordedStream(resolve(io.cwd, from));
      await take(recording).finally(() => recording.stop());
    }
    tell(taken, choice, io);
  });
}

function tell({ events, repeated, deadLetters, sources }: TakenEvents, { folder }: TakeChoice, io: CommandIo): void {
  const gaps = sources.flatMap(({ source, gaps: own }) => own.map(({ from, to }) => ({ source, from, to })));
  if (io.json) io.printJson({ folder, events, repeated, deadLetters, gaps });
  io.print(harmless(`${events} events, ${repeated} that were there, ${deadLetters} dead letters: ${folder}`));
  for (const { source, from, to } of gaps) io.warn(harmless(`${source}: events ${from} to ${to} are missing`));
}
