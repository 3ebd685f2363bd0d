/**
 * Commits version after version, and says each number that was acknowledged, until it is killed: by itself at a call to the
 * file system, or from outside.
 */
import { openStore } from "../../../../core/lifecycle/store.ts";
import { interceptedFs } from "../log/intercepted-fs.ts";
import { commit } from "./commit.ts";

const [, , folder = "", model = "", killAt = "", name = ""] = process.argv;
let count = -1;
const fs = interceptedFs(() => {
  if (count >= 0 && count++ === Number(killAt)) process.kill(process.pid, "SIGKILL");
});
const store = await openStore(folder, { create: true, fs });
process.stdout.write("ready\n");
count = 0;
for (let i = 0; ; i++) {
  await commit(store, `${name} ${i}`, model);
  process.stdout.write(`${(await store.list("ecal")).length}\n`);
}
