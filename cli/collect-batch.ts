import {
  BatchFolder,
  type CollectedResults,
  Connector,
  collectResults,
  createTwin,
  many,
  openTwin,
  resolveNeeds,
} from "../core/index.ts";
import { hdf5 } from "../modules/hdf5/index.ts";
import type { CommandIo } from "./command.ts";
import type { WatchedBatch } from "./watch-batch.ts";
import { withTwin } from "./with-twin.ts";

/** Checks and gathers the results of a batch, with the connectors of the twin that made them. */
export async function collectBatch(
  { folder }: WatchedBatch,
  { out }: { readonly out: string | undefined },
  io: Pick<CommandIo, "signal" | "progress" | "warn">,
): Promise<CollectedResults> {
  const { signal } = io;
  const batch = await BatchFolder.open(folder);
  const { version } = batch.document.twin;
  const sealed = await openTwin(version, { store: batch.paths.store, signal, onNote: (note) => io.warn(note) });
  return await withTwin(sealed, async (twin) => {
    const { connectors } = resolveNeeds(twin, { connectors: many(Connector) });
    return await withTwin(await createTwin({ plugins: { writer: hdf5() }, signal }), ({ writer }) =>
      collectResults(batch, {
        ...{ connectors, writer, out, signal },
        onProgress: ({ fraction, doing }) => io.progress(fraction, doing),
      }),
    );
  });
}
