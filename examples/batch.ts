// The HPC user, in code: a twin at four points as a batch of processes of this computer, which survives whatever dies, and its
// results as one dataset. On a cluster it is `slurm({ profile: "site.yaml" })` of `twinloom/modules/slurm` in the place of
// `local()`, and nothing else. From the command line: `npx twinloom submit`. Needs `h5wasm`.
import { rm } from "node:fs/promises";
import { collectResults, createTwin, findVariable, loadSpec, openBatch, parseSweep, sealBatch } from "twinloom";
import { hdf5 } from "twinloom/modules/hdf5";
import { local } from "twinloom/modules/local";

const OUT = "twinloom-out/batch";
await rm(OUT, { recursive: true, force: true });

// What runs things is a part of a twin, too; not of the one that is run.
await using desk = await createTwin({
  plugins: { files: hdf5(), executor: local({ processes: 2, folder: `${OUT}/local` }) },
});

// Everything is checked and sealed now: elements run this, whatever becomes of first-light.yaml.
const { parameters, ...sweep } = parseSweep(["energyMeV=1000,10000", "seed=0..1", "count=50"]);
const twin = await loadSpec("examples/first-light.yaml");
const { folder } = await sealBatch(`${OUT}/scan`, { twin, name: "simulate", sweep, parameters });

// Two task runs for each process. A client that is killed is opened again, and goes on. Where elements have a time limit, give
// the path of twinloom itself: npx keeps the signal before it to itself.
await using client = await openBatch(folder.path, { executor: desk.executor });
await client.submit({ command: ["npx", "--no", "twinloom"], packing: { simulate: 2 } });
const { counts, total } = await client.watch({ intervalMs: 500 });
console.log(`${counts.succeeded} of ${total} task runs have a result`);

const { collection, folder: results } = await collectResults(folder, { connectors: [desk.files], writer: desk.files });
await using gathered = await desk.files.open(`${results}/${collection.stages[0]?.gathered[0]?.path}`);
const energiesMeV = (await findVariable(gathered, "energyMeV").read()).toFloat64();
for (const [run, energyMeV] of energiesMeV.entries()) {
  const showers = await findVariable(gathered, "showers").read({ task_run: run });
  const [events = 1] = showers.shape;
  const visibleMeV = showers.toFloat64().reduce((sum, each) => sum + each, 0) / events;
  console.log(`run ${run}: ${energyMeV} MeV, of which ${((100 * visibleMeV) / energyMeV).toFixed(1)} % are seen`);
}
console.log(`Batch ${collection.batch}, results ${collection.contentDigest}`);
