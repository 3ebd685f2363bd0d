// One listing of the store in a folder, as a command makes it: prints how long it took [ms], and how many versions there are.
import { performance } from "node:perf_hooks";
import { openStore } from "../../core/index.ts";

const start = performance.now();
const store = await openStore(process.argv[2] as string);
const { length } = await store.list();
await store.close();
console.log(JSON.stringify({ ms: performance.now() - start, versions: length }));
