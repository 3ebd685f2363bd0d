// Restores a version and kills itself when so many files are written: restore-until-killed.ts STORE NAME FOLDER COUNT
import { openStore, restoreVersion } from "../../../../core/index.ts";

const [folder = "", name = "", target = "", count = "0"] = process.argv.slice(2);
await using store = await openStore(folder);
const { digest } = await store.resolve(name);
let told = 0;
await restoreVersion(store, digest, target, {
  onProgress: () => {
    if (++told === Number(count)) process.kill(process.pid, "SIGKILL");
  },
});
