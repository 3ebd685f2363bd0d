import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Digest, digestBytes } from "../../../../core/index.ts";
import type { Change } from "../../../../core/lifecycle/schema.ts";
import { openStore, type TwinStore } from "../../../../core/lifecycle/store.ts";
import type { Written } from "./busy-writer.ts";
import { eventsOf, sampleStore, seal } from "./sample-store.ts";

const IS_LONG = process.env["TWINLOOM_LONG"] === "1";

async function write(folder: string, writers: number, commits: number, races: number): Promise<readonly Written[]> {
  const children = Array.from({ length: writers }, (_, writer) =>
    start(new URL("busy-writer.ts", import.meta.url), [folder, String(writer), String(commits), String(races)]),
  );
  await Promise.all(children.map(({ stdout }) => once(stdout as NodeJS.ReadableStream, "data")));
  for (const { stdin } of children) stdin?.write("go\n");
  return await Promise.all(
    children.map(async (child) => {
      let text = "";
      child.stdout?.on("data", (part: Buffer) => (text += part.toString()));
      const [code] = await once(child, "close");
      expect(code).toBe(0);
      return JSON.parse(text) as Written;
    }),
  );
}

function start(script: URL, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ["--conditions=@twinloom/source", fileURLToPath(script), ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
}

async function changes(store: TwinStore): Promise<Change[]> {
  return (await eventsOf(store)).map(({ change }) => change);
}

describe("Writers on one store", () => {
  const [writers, commits] = IS_LONG ? [8, 200] : [4, 15];

  it(`${writers} processes get dense numbers and lose no update, alias races included`, async () => {
    await using sample = await sampleStore();
    const written = await write(sample.folder, writers, commits, 0);
    const state = await sample.store.log("ecal").read();
    const told = written.flatMap(({ sealed }) => Object.entries(sealed));
    expect(told.map(([, number]) => number).sort((a, b) => a - b)).toEqual(
      Array.from({ length: writers * commits }, (_, i) => i + 1),
    );
    for (const [digest, number] of told) expect(state.versions.get(digest as Digest)?.number).toBe(number);
    const all = await changes(sample.store);
    const moves = all.filter((change) => change.type === "aliasMoved").map(({ from, to }) => `${from} ${to}`);
    const won = written.flatMap((each) => each.moves.map(([from, to]) => `${from} ${to}`));
    expect(moves.sort(byText)).toEqual(won.sort(byText));
    expect(all).toHaveLength(told.length + won.length);
    expect(state.aliases.get("champion")).toBe(state.moves.at(-1)?.to);
    // Reading it with an index gives the same.
    await using indexed = await openStore(sample.folder, { index: true });
    expect(await indexed.states()).toEqual([state]);
  }, 900_000);

  const races = IS_LONG ? 1000 : 25;
  it(`two processes race for one alias ${races} times, and each move has one winner`, async () => {
    await using sample = await sampleStore();
    for (const name of ["raced 0", "raced 1"]) {
      const version = { mediaType: "text/plain", digest: digestBytes(name), size: 7 };
      await sample.store.log("ecal").append(({ versions }) => ({ type: "sealed", version, number: versions.size + 1 }));
    }
    const written = await write(sample.folder, 2, 0, races);
    const { moves } = await sample.store.log("ecal").read();
    expect(moves).toHaveLength(written.reduce((sum, each) => sum + each.moves.length, 0));
    // Each begins where the one before ended: none was lost, none was made twice.
    expect(moves.map(({ from }) => from)).toEqual([null, ...moves.slice(0, -1).map(({ to }) => to)]);
    expect(await changes(sample.store)).toHaveLength(moves.length + 2);
  }, 900_000);

  it.skipIf(process.platform === "win32")(
    "go on while one is stopped in the middle, and it ends well when it goes on",
    async () => {
      await using sample = await sampleStore();
      await seal(sample.store, "a");
      const child = start(new URL("stopped-writer.ts", import.meta.url), [sample.folder]);
      // It is about to publish its event.
      await once(child.stdout as NodeJS.ReadableStream, "data");
      child.kill("SIGSTOP");
      await seal(sample.store, "b");
      await sample.store.moveAlias("ecal@champion", "ecal@v2");
      let said = "";
      child.stdout?.on("data", (part: Buffer) => (said += part.toString()));
      child.kill("SIGCONT");
      child.stdin?.end("go\n");
      const [code] = await once(child, "close");
      // It had made its event the second.
      expect([code, said]).toEqual([0, "4\n"]);
      const all = await changes(sample.store);
      expect(all.map(({ type }) => type)).toEqual(["sealed", "sealed", "aliasMoved", "commented"]);
    },
  );
});

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
