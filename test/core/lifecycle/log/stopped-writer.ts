// Comes as far as the one call that publishes an event, says so, waits for a line, and goes on.
import { openStore } from "../../../../core/lifecycle/store.ts";
import { interceptedFs } from "./intercepted-fs.ts";

let hasWaited = false;
const store = await openStore(process.argv[2] as string, {
  fs: interceptedFs(async (call, path) => {
    if (hasWaited || call !== "link" || !path.includes("events")) return;
    hasWaited = true;
    await new Promise((resolve) => {
      process.stdin.once("data", resolve);
      process.stdout.write("about to publish\n");
    });
  }),
});
const { digest } = await store.resolve("ecal@v1");
const event = await store.log("ecal").append(() => ({ type: "commented", version: digest, text: "at last" }));
process.stdout.write(`${event?.sequence}\n`);
