import type { ArrayJob } from "twinloom";
import { LocalExecutor } from "twinloom/modules/local";

// Submits an array, tells that, and waits to be killed.
const [folder = "", job = "{}"] = process.argv.slice(2);
const array = await new LocalExecutor({ folder, processes: 2 }).submit(JSON.parse(job) as ArrayJob);
process.stdout.write(`${JSON.stringify(array)}\n`);
process.stdin.resume();
