/** Counts to a number, saving each line, and tells each: `<out> <checkpoints> <to>`. */
import { runTask } from "../../../core/index.ts";
import { count, countingTwin } from "./counting.ts";

const [, , out = "", checkpoints = "", to = ""] = process.argv;
const onProgress = (): void => void process.stdout.write("line\n");
process.stdout.write("ready\n");
await runTask(await countingTwin(), count, { out, checkpoints, parameters: { to: Number(to), every: 1 }, onProgress });
