/** Accepts every run of a batch, as many as others leave; prints those that it accepted. */
import { once } from "node:events";
import { BatchFolder, digestJson, relativeAttempt } from "../../../core/index.ts";

const [, , path = "", token = "", runs = ""] = process.argv;
const folder = await BatchFolder.open(path);
process.stdout.write("ready\n");
await once(process.stdin, "data");
const won: number[] = [];
for (let run = 0; run < Number(runs); run++) {
  const id = { stage: "note", run };
  const accepted = await folder.accept(id, relativeAttempt(id, { token, restart: 0 }), digestJson(token));
  if (accepted === "accepted") won.push(run);
}
process.stdout.write(JSON.stringify(won));
