import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StoreFile } from "../../../../core/lifecycle/fs/store-fs.ts";
import { openStore, type TwinStore } from "../../../../core/lifecycle/store.ts";
import { interceptedFs, systemError } from "./intercepted-fs.ts";
import { sampleStore, seal } from "./sample-store.ts";

const IS_LONG = process.env["TWINLOOM_LONG"] === "1";
const TIMEOUT_MS = IS_LONG ? 900_000 : 120_000;

/** What a store looks like after a call was interrupted. */
interface Aftermath {
  readonly folder: string;
  /** Which call. */
  readonly call: string;
  /** Events that the store has; two of them were there before. */
  readonly count: number;
  /** What the one who called was told: nothing, if it was killed. */
  readonly told: "killed" | "done" | Error;
}

let pattern: Awaited<ReturnType<typeof sampleStore>>;
beforeAll(async () => {
  pattern = await sampleStore();
  await seal(pattern.store, "a");
  await pattern.store.moveAlias("ecal@champion", "ecal@v1");
});
afterAll(() => pattern[Symbol.asyncDispose]());

const withdraw = (store: TwinStore) => store.moveAlias("ecal@champion", null, { reason: "none is good" });
const sealFirst = (store: TwinStore) => seal(store, "h", { twin: "hcal" });

async function countEvents(store: TwinStore): Promise<number> {
  return (await store.states()).reduce((sum, { head }) => sum + (head?.sequence ?? 0), 0);
}

/** Does something again and again, in a fresh copy of a store, and interrupts it at one of its calls: of all, each once. */
async function* interrupted(
  act: (store: TwinStore) => Promise<unknown>,
  { fail, every = 1 }: { readonly fail?: () => never; readonly every?: number },
): AsyncIterable<Aftermath> {
  for (let n = 1; ; n += every) {
    const folder = await mkdtemp(join(tmpdir(), "twinloom-crash-"));
    await cp(pattern.folder, folder, { recursive: true });
    const opened: StoreFile[] = [];
    const killed = Promise.withResolvers<"killed">();
    let calls = 0;
    let call = "";
    const fs = interceptedFs(async (name, path) => {
      if (++calls < n || (calls > n && fail)) return;
      if (calls === n) call = `${name} ${path.slice(folder.length)}`;
      fail?.();
      killed.resolve("killed");
      // A killed process does nothing any more, not even clean up.
      await new Promise(() => undefined);
    }, opened);
    const doing = openStore(folder, { fs })
      .then(act)
      .then(
        () => "done" as const,
        (error: unknown) => error as Error,
      );
    try {
      const told = await Promise.race([doing, killed.promise]);
      if (call === "") return;
      const count = await countEvents(await openStore(folder, { index: false }));
      yield { folder, call, count, told };
    } finally {
      // Of most, this is the second time.
      await Promise.all(opened.map((file) => file.close().catch(() => undefined)));
      await rm(folder, { recursive: true });
    }
  }
}

describe("A writer that is killed", () => {
  it.each([
    ["an alias is moved", withdraw, 1],
    ["the first version of a twin is sealed", sealFirst, IS_LONG ? 1 : 4],
  ] as const)(
    "at any call while %s leaves the old state or the new one",
    async (_, act, every) => {
      const seen = { old: 0, new: 0 };
      for await (const { folder, call, count, told } of interrupted(act, { every })) {
        expect(told, call).toBe("killed");
        expect([2, 3], call).toContain(count);
        seen[count === 2 ? "old" : "new"]++;
        // The next writer is not disturbed by what was left.
        const store = await openStore(folder, { index: false });
        await act(store);
        await store.comment("ecal", "after the crash");
        expect(await countEvents(store), call).toBe(4);
      }
      expect(seen.old).toBeGreaterThan(0);
      expect(seen.new).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});

describe("A process that is killed with SIGKILL", () => {
  it.skipIf(process.platform === "win32")(
    "at a call leaves the old state or the new one, too",
    async () => {
      const script = fileURLToPath(new URL("killed-writer.ts", import.meta.url));
      const seen = new Set<number>();
      for (let n = 1; ; n += IS_LONG ? 1 : 8) {
        const folder = await mkdtemp(join(tmpdir(), "twinloom-crash-"));
        try {
          await cp(pattern.folder, folder, { recursive: true });
          const child = spawn(process.execPath, ["--conditions=@twinloom/source", script, folder, String(n)], {
            stdio: ["ignore", "ignore", "inherit"],
          });
          const [code, signal] = (await once(child, "close")) as [number | null, string | null];
          const store = await openStore(folder, { index: false });
          seen.add(await countEvents(store));
          await withdraw(store);
          expect(await countEvents(store), `call ${n}`).toBe(3);
          if (code === 42) break;
          expect(signal, `call ${n}`).toBe("SIGKILL");
        } finally {
          await rm(folder, { recursive: true });
        }
      }
      expect([...seen].sort((a, b) => a - b)).toEqual([2, 3]);
    },
    TIMEOUT_MS,
  );
});

describe("A writer whose disk fails", () => {
  it.each(["ENOSPC", "EIO"])(
    "with %s at any call says so once, and leaves the old state or the new one",
    async (code) => {
      let failures = 0;
      const fail = (): never => {
        throw systemError(code);
      };
      for await (const { folder, call, count, told } of interrupted(withdraw, { fail })) {
        if (told instanceof Error) {
          failures++;
          expect(told, call).toMatchObject({
            code: expect.stringMatching(/^TWIN_(WRITE_FAILED|READ_FAILED|STORE_NOT_FOUND)$/),
            message: expect.stringContaining(code),
          });
          // After the link there is the new state, durable or not.
          if (!/^(syncFolder|readFile) /.test(call)) expect(count, call).toBe(2);
        } else {
          expect(count, call).toBe(3);
        }
        const left = (await readdir(join(folder, "events/ecal"))).filter((name) => !/^\d{8}\.json$/.test(name));
        // What could not be removed is a temporary file.
        if (!call.startsWith("remove ")) expect(left, call).toEqual([]);
      }
      expect(failures).toBeGreaterThan(3);
    },
  );
});
