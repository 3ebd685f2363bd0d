import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadProfile, shippedProfiles } from "../../../modules/slurm/index.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "profile-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("profiles that come with Twinloom", () => {
  it("can be loaded by their names, and say that they are untested", async () => {
    const names = await shippedProfiles();
    expect(names).toEqual(["juwels-like", "lumi-like", "vega-like"]);
    for (const name of names) {
      const { description, account, command } = await loadProfile(name);
      expect(description).toMatch(/untested/i);
      expect(account).toMatch(/project/);
      expect(command).toEqual(["twinloom"]);
    }
  });

  it("are named where somebody asks for another", async () => {
    await expect(loadProfile("juwels")).rejects.toMatchObject({
      code: "TWIN_INVALID_PROFILE",
      message: expect.stringMatching(/There are: juwels-like, .* A file of your own is named by its path\./),
    });
  });
});

describe("a profile of one's own", () => {
  it("says where it is wrong, by line and column, and all of it", async () => {
    const path = join(folder, "site.yaml");
    await writeFile(path, "partition: batch\nacount: x\nresources:\n  cpus: many\n");
    await expect(loadProfile(path)).rejects.toMatchObject({
      code: "TWIN_INVALID_PROFILE",
      message: expect.stringMatching(/site\.yaml:2:\d+ acount: Unknown\. .*site\.yaml:4:9 resources\.cpus: /s),
    });
  });

  it("says where it is no YAML", async () => {
    const path = join(folder, "site.yaml");
    await writeFile(path, "partition: [batch\n");
    await expect(loadProfile(path)).rejects.toMatchObject({
      code: "TWIN_INVALID_PROFILE",
      message: expect.stringContaining("line 2, column 1"),
    });
  });

  it("is named where it is not there", async () => {
    await expect(loadProfile(join(folder, "no.yaml"))).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
  });
});
