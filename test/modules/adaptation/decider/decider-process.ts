// Started as a process of its own: decides, and is killed by itself in the middle of what it does.
import { appendFile } from "node:fs/promises";
import { decideAll } from "./sample.ts";

const [folder = "", when = "", at = ""] = process.argv.slice(2);
const kill = (): void => {
  process.kill(process.pid, "SIGKILL");
};
await decideAll(folder, {
  onProgress: ({ events }) => {
    if (when === "events" && events >= Number(at)) kill();
  },
  act: async ({ number, decision }) => {
    if (when === "before" && at === String(number)) kill();
    await appendFile(`${folder}/acts`, `${number} ${decision.kind}\n`);
    if (when === "after" && at === String(number)) kill();
    return { done: number };
  },
});
