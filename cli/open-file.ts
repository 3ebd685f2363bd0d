import { resolve } from "node:path";
import { Connector, createTwin, many, type OpenDataset, openDataset, resolveNeeds } from "../core/index.ts";
import { hdf5 } from "../modules/hdf5/index.ts";
import type { CommandIo } from "./command.ts";
import { withTwin } from "./with-twin.ts";

/** Opens a data file of any format that the command line reads, works on it, and closes it. */
export async function withFile<T>(
  file: string,
  { cwd, signal }: Pick<CommandIo, "cwd" | "signal">,
  work: (dataset: OpenDataset) => Promise<T>,
): Promise<T> {
  const twin = await createTwin({ name: "files", plugins: { hdf5: hdf5() }, signal });
  return await withTwin(twin, async () => {
    const { connectors } = resolveNeeds(twin, { connectors: many(Connector) });
    const dataset = await openDataset(resolve(cwd, file), connectors, { signal });
    try {
      return await work(dataset);
    } finally {
      await dataset.close();
    }
  });
}
