import { rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { lockFile } from "../../files/lock-file.ts";
import { flushFolder, system } from "../../files/write-atomically.ts";
import type { MessageFeed } from "../delivery-queue.ts";
import { Subscriptions } from "../subscriptions.ts";
import { type DeadLetter, deadLettersFile, readDeadLetters } from "./dead-letters.ts";
import { type TakeEventsOptions, type TakenEvents, takeInto } from "./take-events.ts";

/**
 * Takes the dead letters of an intake in again, after whatever was wrong was put right. Those that still cannot be used
 * are the dead letters from then on, with the reason of now. Killed, it can be called again.
 *
 * @throws as `takeEvents` does. The dead letters are as they were then.
 */
export async function replayDeadLetters(options: TakeEventsOptions): Promise<TakenEvents> {
  const { folder, signal } = options;
  const file = deadLettersFile(folder);
  const next = `${file}.next`;
  const unlock = await lockFile(file);
  try {
    await system(next, () => rm(next, { force: true }));
    const letters = (await isThere(file)) ? readDeadLetters(folder, { signal }) : undefined;
    const address = `dead letters of ${folder}`;
    const subscriptions = new Subscriptions({ address, keeps: true, feed: () => feedOf(letters) });
    const taken = await takeInto(subscriptions.subscribe({ signal }), options, next);
    await system(file, async () => {
      await ((await isThere(next)) ? rename(next, file) : rm(file, { force: true }));
      await flushFolder(dirname(file));
    });
    return taken;
  } finally {
    await unlock();
  }
}

function feedOf(letters: AsyncGenerator<DeadLetter, void, undefined> | undefined): MessageFeed {
  return {
    next: async () => {
      const result = await letters?.next();
      return result === undefined || result.done === true ? "end" : result.value.payload;
    },
    close: () => void letters?.return(),
  };
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
