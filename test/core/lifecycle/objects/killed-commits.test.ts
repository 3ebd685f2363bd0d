import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { RandomStream } from "../../../../core/index.ts";
import { collectGarbage, verifyStore } from "../../../../core/lifecycle/index.ts";
import { openStore } from "../../../../core/lifecycle/store.ts";
import { errorsOf } from "../care/files-of-store.ts";

const ROUNDS = process.env["TWINLOOM_LONG"] === "1" ? 1000 : 24;
/** Processes that write to one store, and are killed, at the same time. */
const TOGETHER = 3;
/** Every round looks at every byte of its store, so that one store for all would take hours. */
const ROUNDS_OF_A_STORE = 34;
const SCRIPT = fileURLToPath(new URL("commit-until-killed.ts", import.meta.url));

it(
  `${ROUNDS} writers that are killed, three at a time in one store, lose nothing that was acknowledged and break nothing`,
  async () => {
    const random = new RandomStream({ seed: 11n, id: 0n });
    const root = await mkdtemp(join(tmpdir(), "twinloom-killed-"));
    let folder = "";
    const model = join(root, "model.onnx");
    await writeFile(model, new Uint8Array(300_000).fill(5));
    let acknowledged = 0;
    let atCall = 0;
    try {
      for (let round = 0; round < ROUNDS / TOGETHER; round++) {
        if (round % ROUNDS_OF_A_STORE === 0) {
          if (round > 0) await checkAndClean(folder);
          folder = join(root, `store-${round}`);
          acknowledged = 0;
        }
        const writers = Array.from({ length: TOGETHER }, async (_, lane) => {
          // Half of them at a call, half at a time.
          const isAtCall = random.uniform() < 0.5;
          // Every call of the first commit has its turn, if there are rounds enough: 37 and 150 have no common divisor.
          const killAt = isAtCall ? (atCall++ * 37) % 150 : -1;
          const waitMs = random.uniform() * 150;
          const child = spawn(
            process.execPath,
            ["--conditions=@twinloom/source", SCRIPT, folder, model, String(killAt), `${round} ${lane}`],
            { stdio: ["ignore", "pipe", "inherit"] },
          );
          const closed = once(child, "close");
          let said = "";
          child.stdout.setEncoding("utf8").on("data", (text: string) => {
            said += text;
          });
          await Promise.race([once(child.stdout, "data"), closed]);
          if (!isAtCall) {
            await sleep(waitMs);
            child.kill("SIGKILL");
          }
          const [, signal] = await closed;
          expect(signal).toBe("SIGKILL");
          return Number(said.trim().split("\n").at(-1)?.replace("ready", "0") || 0);
        });
        acknowledged = Math.max(acknowledged, ...(await Promise.all(writers)));
        const store = await openStore(folder, { create: true, index: false });
        expect(errorsOf(await verifyStore(store)), `round ${round}`).toEqual([]);
        const numbers = (await store.list("ecal")).map(({ number }) => number);
        expect(numbers).toEqual(numbers.map((_, index) => index + 1));
        expect(numbers.length).toBeGreaterThanOrEqual(acknowledged);
      }
      expect(acknowledged).toBeGreaterThan(0);
      await checkAndClean(folder);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  },
  ROUNDS * 15_000,
);

async function checkAndClean(folder: string): Promise<void> {
  const store = await openStore(folder, { index: false });
  await collectGarbage(store, { graceMs: 0 });
  expect((await verifyStore(store)).sound).toBe(true);
}
