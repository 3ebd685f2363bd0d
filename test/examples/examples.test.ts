import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { compareRuns, readRunRecord } from "twinloom";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { REPOSITORY, readRepositoryFile } from "../architecture/repository.ts";
import { makeReader, READER_ENVIRONMENT } from "./reader.ts";

/** What each program must come to; a new one needs a line here. */
const OUTCOMES: Readonly<Record<string, RegExp>> = {
  "first-light.ts": /^Record: .*run\.json \(succeeded, sealed as sha256:/m,
  "insolation.ts": /latitude 90: 541\.4 W m-2$/m,
  "federation.ts": /^27 February to 2 March at 60 degrees north: 268\.50, 268\.62, 268\.73, 268\.85 K$/m,
  "fast-simulation.ts": /^Record: .*run\.json \(succeeded\); showers of sha256:[0-9a-f]{64}$/m,
  "serve-and-ask.ts": /^200 of 200 showers are the same to the last bit, by twinloom \d/m,
  "living-twin.ts":
    /^ +\d+ {2}accepted: gain of layer 8 1\.0[45]\d+ ±.*^served by ecal@v[2-9]: [\d.]+ MeV, [45]\.\d\d % more than before$.*; none failed$/ms,
  "batch.ts": /^4 of 4 task runs have a result$.*^run 3: 10000 MeV, of which \d\d\.\d % are seen$/ms,
  "climate-files.ts": /^twinloom-out\/weather\/south-1996-2010\.nc: tx \[degC\], .*; time 5479, lat 9, lon 12$/m,
  "climate-index.ts": /^0 gaps, 0 overlaps$.*^warmest summer: 2003, [23]\.\d\d K above the mean of 1981-2000$/ms,
  "climate-drought-fire.ts": /^driest three months: SPI -\d\.\d\d in 2003-0[78]$.*^ +extreme +[1-9]\d* +\d\.\d$/ms,
  "climate-extremes.ts":
    /^once in 100 years: [\d.]+ degC .*^2003-0[78]-\d\d to 2003-08-\d\d, peak 2003-08-0[5-9] near lat 4[4-8], lon/ms,
  "climate-storms.ts": /^17 of 17 centres found, 0 false alarms, mean error [12]?\d km$/m,
  "climate-following.ts":
    /^30 days followed, 240 values used, 0 rejected$.*^2 d .* 0\.1\d \(0\.1\d to 0\.\d\d\) +0\.1\d/ms,
  "climate-report.ts": /^twinloom-out\/climate-report\/report\.html: /m,
  "a-year-later.ts": /^Reproduced: every output has the content/m,
};

/** A file that a program needs and a checkout may lack; without it the program is not run. */
const NEEDS: Readonly<Record<string, string>> = {
  "fast-simulation.ts": "modules/fastsim/models/gan.onnx",
  "serve-and-ask.ts": "modules/fastsim/models/gan.onnx",
  "living-twin.ts": "modules/fastsim/models/gan.onnx",
};

/** Programs that remove what they left before anything else, and take longer than others: a second time shows nothing more. */
const ONCE: readonly string[] = ["living-twin.ts", "batch.ts"];

const programs = readdirSync(join(REPOSITORY, "examples")).filter((file) => file.endsWith(".ts"));

describe.for(programs)("examples/%s", (program) => {
  let folder: string;
  beforeAll(async () => {
    folder = await makeReader();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const run = (): Promise<{ stdout: string; stderr: string }> =>
    promisify(execFile)("node", ["--conditions=@twinloom/source", `examples/${program}`], {
      cwd: folder,
      env: { ...READER_ENVIRONMENT, NO_COLOR: "1" },
    });

  const cannotRun = NEEDS[program] !== undefined && !existsSync(join(REPOSITORY, NEEDS[program]));

  it.skipIf(cannotRun)("comes to its outcome, without a warning", async () => {
    const { stdout, stderr } = await run();
    expect(stderr).toBe("");
    expect(stdout).toMatch(OUTCOMES[program] ?? "the outcome of this program in OUTCOMES");
  });

  it.skipIf(cannotRun || (ONCE.includes(program) && !process.env["TWINLOOM_LONG"]))(
    "runs a second time beside what the first left",
    async () => {
      expect((await run()).stdout).toMatch(OUTCOMES[program] ?? "");
    },
  );

  it("is in the table of examples/README.md", () => {
    expect(readRepositoryFile("examples/README.md")).toContain(`](${program})`);
  });
});

describe("examples/first-light.yaml", () => {
  it("is the twin of first-light.ts: the same seed gives the same content", async () => {
    const folder = await makeReader();
    try {
      const options = { cwd: folder, env: { ...READER_ENVIRONMENT, NO_COLOR: "1" } };
      const start = promisify(execFile);
      await start("node", ["--conditions=@twinloom/source", "examples/first-light.ts"], options);
      const run = ["run", "examples/first-light.yaml", "first-light", "--seed", "7", "--out", "from-file"];
      await start(join(REPOSITORY, "cli/twinloom.js"), run, options);
      const fromCode = await readRunRecord(join(folder, "twinloom-out/first-light/run.json"));
      const fromFile = await readRunRecord(join(folder, "from-file/run.json"));
      expect(fromFile.steps["simulate"]?.outputs).toHaveProperty("showers.contentDigest");
      expect((await compareRuns(fromFile, fromCode)).verdict).toBe("identical");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
