import { openJournal } from "../../../../core/index.ts";

/** Appends numbered records until it is killed, and says on stdout up to which they are durable. */
const [path = ""] = process.argv.slice(2);
const journal = await openJournal(path, { kind: "test.v1" });
let next = journal.found.records;
let acknowledged = next;

const append = async (): Promise<never> => {
  for (;;) {
    const index = next++;
    const record = Buffer.alloc(200 + (index % 3000), index & 255);
    record.writeUInt32LE(index, 0);
    await journal.append(record);
    // Groups resolve in order: what is acknowledged is all up to here.
    acknowledged = Math.max(acknowledged, index + 1);
  }
};
setInterval(() => process.stdout.write(`${acknowledged}\n`), 1);
await Promise.all(Array.from({ length: 100 }, append));
