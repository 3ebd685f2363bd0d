import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { canonicalJson, openJournal } from "../../../../core/index.ts";
import { AdaptationOptionsSchema, readDecisions } from "../../../../modules/adaptation/index.ts";
import { decideAll } from "./sample.ts";

const page = await readFile(new URL("../../../../docs/reference/decisions-format.md", import.meta.url), "utf8");
const lines = /```json\n([\s\S]*?)```/.exec(page)?.[1]?.trimEnd().split("\n") ?? [];
const folder = await mkdtemp(join(tmpdir(), "twinloom-decisions-format-"));

it("the journal in docs/reference/decisions-format.md is one", async () => {
  const journal = await openJournal(join(folder, "decisions.journal"), { kind: "twinloom.decisions.v1" });
  for (const line of lines) await journal.append(new TextEncoder().encode(line));
  await journal.close();
  const decisions = await readDecisions(folder);
  expect(decisions.map(({ decision }) => decision.kind)).toEqual(["referred", "alarmed", "proposed", "accepted"]);
  expect(decisions[3]?.outcome).toMatchObject({ name: "scale@v2" });
  expect(lines.every((line) => canonicalJson(JSON.parse(line)) === line)).toBe(true);
  const { settings } = JSON.parse(lines[0] as string);
  // All options, and those only.
  expect(AdaptationOptionsSchema.parse(settings)).toEqual(settings);
  expect(new Set(Object.keys(AdaptationOptionsSchema.parse({})))).toEqual(new Set(Object.keys(settings)));
  await rm(folder, { recursive: true });
});

it("decisions have the entries that the page lists", async () => {
  const aside = await mkdtemp(join(tmpdir(), "twinloom-decisions-format-"));
  const { decisions } = await decideAll(aside);
  const documented = new Map(
    [...page.matchAll(/^\| (`[a-z`, -]+`) \| (.+) \|$/gm)].flatMap(([, kinds, entries]) =>
      [...(kinds as string).matchAll(/`([a-z-]+)`/g)].map(([, kind]): [string, string] => [
        kind as string,
        entries as string,
      ]),
    ),
  );
  for (const { decision } of decisions) {
    const { kind, events, timeNs, before, after, ...more } = decision;
    for (const entry of Object.keys(more)) expect(documented.get(kind), kind).toContain(`\`${entry}\``);
  }
  await rm(aside, { recursive: true });
});
