import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evidenceAbout } from "../thematic/detector/evidence-sample.ts";
import { runTwinloom } from "./run-command-line.ts";

const SAMPLE = fileURLToPath(new URL("../../examples/data/showers-sample.h5", import.meta.url));

let cwd = "";
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "twinloom-cli-"));
});
afterAll(() => rm(cwd, { recursive: true }));

const twinloom = (line: string) => runTwinloom(line.split(" "), { cwd });
const json = async (line: string) => JSON.parse((await twinloom(`${line} --json`)).stdout);

describe("twinloom detector simulate", () => {
  it("writes showers of one energy that depend on the seed alone", async () => {
    const line = "detector simulate --model gflash --energy-mev 10000 -n 20 --out";
    expect(await json(`${line} seven.h5 --seed 7`)).toEqual({
      file: "seven.h5",
      model: "gflash",
      geometry: "w-si-45",
      count: 20,
      seed: "7",
    });
    await twinloom(`${line} again.h5 --seed 7`);
    await twinloom(`${line} eight.h5 --seed 8`);
    const sums = await Promise.all(
      ["seven", "again", "eight"].map(async (name) => (await json(`data read ${name}.h5 showers --stats`)).sum),
    );
    expect(sums[0]).toBeGreaterThan(20 * 10_000 * 0.7);
    expect(sums[1]).toBe(sums[0]);
    expect(sums[2]).not.toBe(sums[0]);
    expect((await json("data read seven.h5 incident_energies")).values).toEqual(Array(20).fill(10_000));
  });

  it("takes the energies of a file", async () => {
    await twinloom(`detector simulate --energies-from ${SAMPLE} -n 5 --out five.h5`);
    const { values } = await json(`data read ${SAMPLE} incident_energies --slice dim_0=0:5`);
    expect((await json("data read five.h5 incident_energies")).values).toEqual(values);
  });

  it("does not overwrite a file unless told to", async () => {
    const line = "detector simulate --energy-mev 5000 -n 2 --out once.h5";
    expect((await twinloom(line)).code).toBe(0);
    const second = await twinloom(line);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain("TWIN_FILE_EXISTS");
    expect(second.stderr).toContain("give --replace");
    const { error } = JSON.parse((await twinloom(`${line} --json`)).stdout);
    expect(error).toMatchObject({ code: "TWIN_FILE_EXISTS", message: expect.stringContaining("give --replace.") });
    expect((await twinloom(`${line} --replace`)).code).toBe(0);
  });

  it("refuses energies outside the model's range, and writes nothing", async () => {
    const { code, stdout } = await twinloom("detector simulate --energy-mev 10 --out none.h5 --json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout).error).toMatchObject({ code: "TWIN_OUT_OF_DOMAIN", value: 10, min: 1_000, max: 100_000 });
    expect(await readdir(cwd)).not.toContain("none.h5");
  });

  it.each([
    ["detector simulate --out x.h5", "Give the energies once"],
    ["detector simulate --energy-mev 5000 --energies-from a.h5 --out x.h5", "Give the energies once"],
    ["detector simulate --energy-range-mev 9:1 --out x.h5", "the smaller first"],
    ["detector simulate --energy-range-mev 1000:Infinity --out x.h5", "the smaller first"],
    ["detector simulate --energy-mev 0 --out x.h5", "It must be above 0"],
    ["detector simulate --energy-mev 5000", "--out"],
  ])("%s is wrong usage", async (line, message) => {
    const { code, stderr } = await twinloom(line);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it("holds to the task's limits", async () => {
    const { code, stdout } = await twinloom("detector simulate --energy-mev 5000 -n 1e12 --out x.h5 --json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: "TWIN_INVALID_PARAMETERS",
      problems: [{ path: ["count"] }],
    });
  });

  it("leaves no file behind when it is interrupted", async () => {
    const args = "detector simulate --energy-mev 50000 -n 100000 --out long.h5".split(" ");
    const { code } = await runTwinloom(args, { cwd, signalAt: { text: "simulating", signal: "SIGTERM" } });
    expect(code).toBe(143);
    expect((await readdir(cwd)).filter((file) => file.includes("long"))).toEqual([]);
  });
});

describe("twinloom detector compare", () => {
  it("prints one row per file, and one for the reference against itself", async () => {
    await twinloom(`detector simulate --model gflash --energies-from ${SAMPLE} -n 60 --out one.h5`);
    await twinloom(`detector simulate --model gflash-published --energies-from ${SAMPLE} -n 60 --out two.h5`);
    const line = `detector compare one.h5 two.h5 --reference ${SAMPLE} --metrics fast`;
    const { stdout, code } = await twinloom(line);
    expect(code).toBe(0);
    const [table = "", note] = stdout.trim().split("\n\n");
    expect(note).toMatch(/each decade is in --json/);
    const rows = table.split("\n");
    expect(rows[0]).toMatch(/set +showers +S layers +±.* +AUC low +AUC high/);
    expect(rows.slice(1).map((row) => row.split(/ {2,}/)[0])).toEqual([
      "one.h5",
      "two.h5",
      "reference: halves of EGSnrc",
    ]);
    const validations = await json(line);
    expect(validations.map(({ generated }: { generated: { label: string } }) => generated.label)).toEqual([
      "gflash",
      "gflash-published",
    ]);
    expect(validations.map(({ file }: { file: string }) => file)).toEqual(["one.h5", "two.h5"]);
    expect(validations[0].distances).toEqual({ frechet: null, kernel: null, neighbours: null });
  });

  it("gives evidence to the file that it names, and refuses it where there is none", async () => {
    const evidence = evidenceAbout(
      { file: "named.h5", digest: "0".repeat(64), showers: 10_000 },
      { file: "sample.h5", digest: "0".repeat(64), showers: 10_000 },
    );
    await writeFile(join(cwd, "evidence.json"), JSON.stringify(evidence));
    await twinloom("detector simulate --energy-mev 5000 -n 5 --out named.h5");
    await twinloom("detector simulate --energy-mev 5000 -n 5 --out other.h5");
    const line = (file: string) => `detector compare ${file} --reference ${SAMPLE} --evidence evidence.json`;
    const unknown = await twinloom(line("other.h5"));
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('is about "named.h5"')]);
    const mismatch = await twinloom(line("other.h5 named.h5"));
    expect([mismatch.code, mismatch.stderr]).toEqual([1, expect.stringContaining("TWIN_EVIDENCE_MISMATCH")]);
    const alike = await twinloom(line("named.h5 elsewhere/named.h5"));
    expect(alike.code).toBe(2);
    expect(alike.stderr).toContain("named.h5 and elsewhere/named.h5 have that name");
    const twice = await twinloom(`${line("named.h5")} --evidence evidence.json`);
    expect([twice.code, twice.stderr]).toEqual([2, expect.stringContaining("so is evidence.json")]);
  });
});

describe("twinloom detector validate", () => {
  it("prints separation powers beside their floors, and writes the page", async () => {
    await twinloom(`detector simulate --energies-from ${SAMPLE} --out fast.h5`);
    const { code, stdout } = await twinloom(`detector validate fast.h5 --reference ${SAMPLE} --report page.html`);
    expect(code).toBe(0);
    expect(stdout).toMatch(/observable +S +S − floor +± bootstrap +floor, shuffled +floor, formula/);
    expect(stdout).toMatch(/total \/ incident energy +0\.\d+ +0\.\d+/);
    expect(stdout).toContain("each decade is in --json and --report");
    const page = await readFile(join(cwd, "page.html"), "utf8");
    expect(page.match(/<svg /g)?.length).toBeGreaterThan(5);
  });

  it("does not write the page over the showers that it is about", async () => {
    const line = "detector simulate --energy-mev 5000 -n 2 --out judged.h5";
    expect((await twinloom(line)).code).toBe(0);
    const before = await readFile(join(cwd, "judged.h5"));
    for (const [file, reference] of [
      ["judged.h5", SAMPLE],
      [SAMPLE, "judged.h5"],
    ]) {
      const { code, stderr } = await twinloom(
        `detector validate ${file} --reference ${reference} --report ./judged.h5`,
      );
      expect([code, stderr]).toEqual([2, expect.stringContaining("would replace a file that is read")]);
    }
    expect((await readFile(join(cwd, "judged.h5"))).equals(before)).toBe(true);
  });

  it("finds no difference of a file and itself", async () => {
    const { separation, generated } = await json(`detector validate ${SAMPLE} --reference ${SAMPLE}`);
    expect(generated.count).toBe(200);
    expect(separation.length).toBeGreaterThan(5);
    for (const { value } of separation) expect(value).toBe(0);
  });
});
