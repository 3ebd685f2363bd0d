import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { runTestCommands, runTwinloom } from "./run-command-line.ts";

describe("twinloom", () => {
  it("prints its version", async () => {
    const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
    expect(await runTwinloom(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  it("is the bin that npm installs, and passes exit codes through", async () => {
    const { code, stderr } = await runTwinloom(["dta"]);
    expect(code).toBe(2);
    expect(stderr).toContain("Unknown command 'dta'. Did you mean data?");
  });
});

describe("a command", () => {
  it("gets its arguments and options as typed values", async () => {
    const { code, stdout, stderr } = await runTestCommands(
      ["test", "echo", "a", "b", "c", "-n", "3", "--slice", "x=1:2", "--slice", "y=0:2"].concat(
        "--energy-mev 1e4 --seed 18446744073709551615 --loud --model gflash".split(" "),
      ),
    );
    expect([code, stderr]).toEqual([0, expect.stringContaining("echoed")]);
    const [text, json] = stdout.trimEnd().split("\n") as [string, string];
    expect(text).toBe("a of 3");
    expect(JSON.parse(json)).toEqual({
      args: { first: "a", rest: ["b", "c"] },
      options: {
        loud: true,
        model: "gflash",
        slice: ["x=1:2", "y=0:2"],
        energyMev: 10_000,
        count: 3,
        seed: "18446744073709551615",
      },
      cwd: process.cwd(),
      numbers: [0.5, null],
      big: "1152921504606846976",
      small: 2,
    });
  });

  it("gets the defaults of options that are not given", async () => {
    const { stdout } = await runTestCommands(["test", "echo", "a", "--json"]);
    expect(JSON.parse(stdout).options).toEqual({ loud: false, slice: [], count: 10 });
  });

  it("prints only JSON with --json, and no progress", async () => {
    const { stdout, stderr } = await runTestCommands(["test", "echo", "a", "--json"]);
    expect(stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(stderr).toBe("");
  });

  it("shows its help with examples", async () => {
    const { code, stdout } = await runTestCommands(["test", "echo", "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("-n, --count <count>    how many (default: 10)");
    expect(stdout).toContain("--model <name>         a model (one of: gflash, table)");
    expect(stdout).toContain("Examples:\n  $ twinloom test echo a b --energy-mev 10\n  $ twinloom test echo a --loud");
  });
});

describe("wrong usage", () => {
  it.each([
    [["fial"], "Unknown command 'fial'. Did you mean fail? See `twinloom --help`."],
    [["test", "ecoh"], "Unknown command 'ecoh'. Did you mean echo? See `twinloom test --help`."],
    [["test", "echo", "a", "--modle", "x"], "Unknown option '--modle'. Did you mean --model? See"],
    [["test", "echo"], "Missing required argument 'first'. See `twinloom test echo --help`."],
    [["fail", "a", "b"], "Too many arguments for 'fail'. Expected 1 argument but got 2."],
    [["test", "echo", "a", "--model", "x"], "argument 'x' is invalid. Allowed: gflash, table."],
    [["test", "echo", "a", "-n", "0"], "argument '0' is invalid. It must be at least 1."],
    [["test", "echo", "a", "-n", "1.5"], "argument '1.5' is invalid. It must be a whole number below 2^53."],
    [["test", "echo", "a", "--seed=-1"], "'-1' is invalid. It must be between 0 and 18446744073709551615."],
    [["test", "echo", "a", "--energy-mev", "ten"], "argument 'ten' is invalid. It must be a number."],
    [["test", "echo", "a", "--energy-mev", "NaN"], "argument 'NaN' is invalid. It must be a number."],
    [["test", "echo", "a", "--width", "0"], "argument '0' is invalid. It must be above 0."],
    [["test", "echo", "a", "-n", "-5"], "argument '-5' is invalid. It must be at least 1."],
    [["test", "echo", "a", "--seed", "18446744073709551616"], "It must be between 0 and 18446744073709551615."],
    [["test", "echo", "a", "--slice", ""], "argument '' is invalid. It must not be empty."],
    [["test"], "A command is missing. `twinloom test --help` lists them."],
    [[], "A command is missing. `twinloom --help` lists them."],
  ])("%j exits with 2 and says what is right", async (args, message) => {
    const { code, stdout, stderr } = await runTestCommands(args);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(message);
  });

  it("is JSON with --json", async () => {
    const { code, stdout, stderr } = await runTestCommands(["test", "echo", "--json"]);
    expect(code).toBe(2);
    const message = "Missing required argument 'first'. See `twinloom test echo --help`.";
    expect(JSON.parse(stdout)).toEqual({ error: { code: "TWIN_USAGE", message } });
    expect(stderr).toBe(`twinloom: ${message}\n`);
  });
});

describe("a failure", () => {
  it("tells people its message, its code and where to read on", async () => {
    const { code, stdout, stderr } = await runTestCommands(["fail", "domain"]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatchInlineSnapshot(`
      "twinloom: gflash: energy is 5 MeV, outside its valid range of 10 to 20 MeV. Ask for values inside the range, or use a model that covers it.
        TWIN_OUT_OF_DOMAIN, see docs/errors.md#twin_out_of_domain
      "
    `);
  });

  it("tells programs its typed fields on standard output, and people its message on standard error", async () => {
    const { code, stdout, stderr } = await runTestCommands(["fail", "domain", "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: "TWIN_OUT_OF_DOMAIN",
        message: expect.stringContaining("energy is 5 MeV"),
        condition: "energy",
        value: 5,
        min: 10,
        max: 20,
      },
    });
    expect(stderr).toContain("energy is 5 MeV");
  });

  it("shows the stack with TWINLOOM_DEBUG=1", async () => {
    const { stderr } = await runTestCommands(["fail", "domain"], { env: { TWINLOOM_DEBUG: "1" } });
    expect(stderr).toMatch(/at .*test-commands\.ts/);
  });

  it("of the operating system is not called a bug", async () => {
    const { code, stdout } = await runTestCommands(["fail", "system", "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: "TWIN_SYSTEM",
      systemCode: "ENOENT",
      path: "/no/such/folder/file",
    });
  });

  it.runIf(existsSync("/dev/full"))("of writing the output is told, and is no crash", async () => {
    for (const args of [["test", "echo", "a"], ["flood"]]) {
      const { code, stderr } = await runTestCommands(args, { stdout: "/dev/full" });
      expect(code).toBe(1);
      expect(stderr).toMatch(/^twinloom: The system refused: ENOSPC/m);
      expect(stderr).not.toContain("    at ");
    }
  });

  it("that nobody expected is called a bug, with the stack", async () => {
    const { code, stderr } = await runTestCommands(["fail", "otherwise"]);
    expect(code).toBe(1);
    expect(stderr).toContain("TypeError: cannot read what is not there\nThis is a bug in Twinloom.");
    expect(stderr).toMatch(/TWIN_INTERNAL[\s\S]+at .*test-commands\.ts/);
  });
});

describe("signals and pipes", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s lets the command clean up and exits with %i", async (signal, exitCode) => {
    const { code, stderr } = await runTestCommands(["long"], { signalAt: { text: "waiting", signal } });
    expect(code).toBe(exitCode);
    expect(stderr).toContain("cleaned up\ntwinloom: Interrupted by");
  });

  it("a second signal ends a command that does not react", async () => {
    const script = `${process.execPath} --conditions=@twinloom/source test/cli/test-commands.ts long --stubborn & pid=$!
      sleep 1; kill -INT $pid; sleep 0.8; kill -INT $pid; wait $pid`;
    await expect(promisify(execFile)("bash", ["-c", script])).rejects.toMatchObject({ code: 130 });
  });

  it("a reader that stops reading ends the command quietly", async () => {
    const script = `${process.execPath} --conditions=@twinloom/source test/cli/test-commands.ts flood | head -1; echo \${PIPESTATUS[0]}`;
    const { stdout, stderr } = await promisify(execFile)("bash", ["-c", script]);
    expect(stdout).toBe("line 0\n141\n");
    expect(stderr).toBe("");
  });

  it("writes everything before it exits", async () => {
    const { code, stdout } = await runTestCommands(["flood"]);
    expect(code).toBe(0);
    expect(stdout.split("\n").at(-2)).toBe("line 199999");
  });

  it("shows progress as lines where there is no terminal", async () => {
    const stop = { signalAt: { text: "waiting", signal: "SIGINT" } } as const;
    expect((await runTestCommands(["long"], stop)).stderr).toMatch(/^ 25 % {2}waiting {2}\(0\.\d s\)\n/);
  });
});
