import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  loadSpec,
  openStore,
  openTwin,
  type RunRecord,
  runPlan,
  sealVersion,
  type TwinStore,
} from "../../../../core/index.ts";

const showers = fileURLToPath(new URL("../../../../examples/data/showers-sample.h5", import.meta.url));

/** Of a {@link sampleVersion}. */
export const TOLERANCES = { outputs: { "simulate.showers": { relative: 1e-5 } } };

/** A detector twin with data of its own that simulates ten showers, sealed. Its folder is gone. */
export async function sampleVersion(folder: string): Promise<{ readonly store: TwinStore; readonly name: string }> {
  const twin = join(folder, "twin-of-then");
  await mkdir(twin);
  await cp(showers, join(twin, "energies.h5"));
  await writeFile(
    join(twin, "twin.yaml"),
    `twin: ecal
plugins:
  files: { use: twinloom/modules/hdf5 }
  shower: { use: "twinloom/thematic/detector#gflash" }
  detector: { use: twinloom/thematic/detector, geometry: w-si-45 }
plans:
  few:
    simulate: { task: simulate, parameters: { count: 10 }, inputs: { energies: !artifact energies.h5 } }
tolerances: ${JSON.stringify(TOLERANCES)}
`,
  );
  const store = await openStore(join(folder, "store"), { create: true });
  await sealVersion(store, await loadSpec(join(twin, "twin.yaml")), { annotations: { license: "CC0-1.0" } });
  await rm(twin, { recursive: true });
  return { store, name: "ecal@v1" };
}

/** A run of the plan of a {@link sampleVersion}. */
export async function runVersion(store: TwinStore, name: string, out: string): Promise<RunRecord> {
  await using twin = await openTwin(name, { store });
  return await runPlan(twin, "few", { out, seed: 7 });
}
