import assert from "node:assert/strict";
import type { SourceEntry } from "../../core/index.ts";
import { assertRejects } from "./compare.ts";
import type { ConformanceCase } from "./register.ts";
import type { SourceFixture } from "./source.ts";
import { locationOf } from "./source-read-cases.ts";
import { sourceSample } from "./source-sample.ts";

/** What {@link Source} promises of listing. */
export const sourceListCases: readonly ConformanceCase<SourceFixture>[] = [
  {
    name: "lists what lies directly in a folder: sorted, with sizes, without folders",
    async run(fixture) {
      const direct = Object.keys(sourceSample()).filter((name) => !name.includes("/"));
      for (const folder of [fixture.folder, fixture.folder.slice(0, -1)]) {
        const entries = await all(fixture, folder);
        assertNames(entries, fixture, direct, folder);
        for (const { location, bytes } of entries) {
          const name = direct.find((each) => locationOf(fixture, each) === location) ?? "";
          // A listing may not say.
          if (!Number.isNaN(bytes)) assert.equal(bytes, sourceSample()[name]?.length, `${location}: size`);
        }
      }
    },
  },
  {
    name: "lists what fits a pattern",
    async run(fixture) {
      for (const [pattern, names] of [
        ["tas_*.nc", ["tas_1.nc", "tas_2.nc"]],
        ["*_1.nc", ["tas_1.nc", "pr_1.nc"]],
        ["???1.nc", ["pr_1.nc"]],
        ["tas_?.nc", ["tas_1.nc", "tas_2.nc"]],
        ["tas_[2-9].nc", ["tas_2.nc"]],
        ["{tas_1,pr_1}.nc", ["tas_1.nc", "pr_1.nc"]],
        ["l*/tas_?.nc", ["later/tas_4.nc"]],
        ["*/*/*.nc", ["later/still/tas_5.nc"]],
        ["**/tas_?.nc", ["tas_1.nc", "tas_2.nc", "later/tas_4.nc", "later/still/tas_5.nc"]],
        ["later/**", ["later/tas_4.nc", "later/still/tas_5.nc"]],
        ["none_*.nc", []],
      ] as const) {
        assertNames(await all(fixture, `${fixture.folder}${pattern}`), fixture, names, pattern);
      }
    },
  },
  {
    name: "lists a file as itself",
    async run(fixture) {
      assertNames(await all(fixture, locationOf(fixture, "tas_2.nc")), fixture, ["tas_2.nc"], "a file");
    },
  },
  {
    name: "lists locations that can be opened",
    async run(fixture) {
      for (const { location } of await all(fixture, `${fixture.folder}**`)) {
        const file = await fixture.source.open(location);
        await file.close();
      }
    },
  },
  {
    name: "says that a folder is not there when it lists it",
    async run(fixture) {
      for (const pattern of ["none/", "none/*.nc", "none/tas_*.nc"]) {
        await assertRejects(all(fixture, `${fixture.folder}${pattern}`), "TWIN_FILE_NOT_FOUND", `listing ${pattern}`);
      }
    },
  },
];

async function all({ source }: SourceFixture, pattern: string): Promise<readonly SourceEntry[]> {
  const entries: SourceEntry[] = [];
  for await (const entry of source.list(pattern)) entries.push(entry);
  return entries;
}

function assertNames(
  entries: readonly SourceEntry[],
  fixture: SourceFixture,
  names: readonly string[],
  what: string,
): void {
  const wanted = names.map((name) => locationOf(fixture, name)).sort((a, b) => (a < b ? -1 : 1));
  assert.deepEqual(
    entries.map(({ location }) => location),
    wanted,
    `what fits ${what}, in order`,
  );
}
