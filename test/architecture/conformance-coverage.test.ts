import { join } from "node:path";
import * as core from "twinloom";
import { tokenName } from "twinloom";
import * as testing from "twinloom/testing";
import { describe, expect, it } from "vitest";
import { REPOSITORY, readRepositoryFile, repositoryFiles } from "./repository.ts";

/** Contracts without a suite, each with the reason. */
const WITHOUT_SUITE: Readonly<Record<string, string>> = {
  clock: "one method that returns a number",
  log: "writes for people; promises nothing that a program could check",
  report: "what a page looks like is checked by eye and by the tests of modules/report",
};

const doors = [...repositoryFiles("modules/*/index.ts"), ...repositoryFiles("thematic/*/index.ts")];

/** Names of the engine's contracts that a front door's plugins provide. */
async function provided(door: string): Promise<readonly string[]> {
  const exported = Object.values(
    (await import(/* @vite-ignore */ join(REPOSITORY, door))) as Record<string, { definition?: { provides: unknown } }>,
  );
  const tokens = exported.flatMap((value) => [value?.definition?.provides ?? []].flat(2));
  const contracts = new Set(Object.values(core).filter((value) => typeof value === "symbol"));
  return tokens
    .filter((token) => typeof token === "symbol")
    .filter((token) => contracts.has(token as never))
    .map(tokenName);
}

function suiteOf(contract: string): string {
  return `test${contract.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())}`;
}

describe("every contract that a plugin of ours provides", () => {
  it.for(doors)("%s: has a suite, and the plugin's tests call it", async (door) => {
    const folder = door.replace("/index.ts", "");
    const tests = repositoryFiles(`test/${folder}/*.test.ts`, `test/${folder}/**/*.test.ts`).map(readRepositoryFile);
    for (const contract of (await provided(door)).filter((name) => !(name in WITHOUT_SUITE))) {
      expect(Object.keys(testing), `twinloom/testing has no suite for ${contract}`).toContain(suiteOf(contract));
      const calls = tests.filter((text) => text.includes(`${suiteOf(contract)}(`));
      expect(calls.length, `no test in test/${folder} calls ${suiteOf(contract)}`).toBeGreaterThan(0);
    }
  });

  it("is found by this test: the two plugins that are known to provide one", async () => {
    expect(await provided("modules/memory/index.ts")).toEqual(["connector", "event-stream"]);
    expect(suiteOf("hdf-files")).toBe("testHdfFiles");
  });
});
