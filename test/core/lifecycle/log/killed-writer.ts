// Moves an alias, and is killed at the n-th call to the file system; says so when there is no such call.
import { openStore } from "../../../../core/lifecycle/store.ts";
import { interceptedFs } from "./intercepted-fs.ts";

const [folder = "", n = "1"] = process.argv.slice(2);
let calls = 0;
const store = await openStore(folder, {
  fs: interceptedFs(async () => {
    if (++calls !== Number(n)) return;
    process.kill(process.pid, "SIGKILL");
    // The signal is on its way.
    await new Promise(() => undefined);
  }),
});
await store.moveAlias("ecal@champion", null, { reason: "none is good" });
process.exitCode = 42;
