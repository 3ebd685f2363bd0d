/** A command line of its own, with commands that do what real ones do only sometimes: run long, crash, print a lot. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Command, defineCommand } from "../../cli/command.ts";
import { runCommandLine } from "../../cli/run-command-line.ts";
import { OutOfDomainError } from "../../core/index.ts";

const echo: Command = defineCommand({
  path: ["test", "echo"],
  summary: "Print what it was given",
  arguments: { first: { description: "a word" }, rest: { description: "more words", optional: true, many: true } },
  options: {
    loud: { kind: "flag", short: "l", description: "in capitals" },
    model: { kind: "text", placeholder: "name", description: "a model", choices: ["gflash", "table"] },
    slice: { kind: "text", placeholder: "dim=a:b", description: "a slice", many: true },
    energyMev: { kind: "number", placeholder: "energy", description: "energy [MeV]", min: 0 },
    width: { kind: "number", placeholder: "width", description: "width [mm]", above: 0 },
    count: { kind: "integer", short: "n", placeholder: "count", description: "how many", default: 10, min: 1 },
    seed: { kind: "bigint", placeholder: "seed", description: "seed", min: 0n, max: 2n ** 64n - 1n },
  },
  example: ["twinloom test echo a b --energy-mev 10", "twinloom test echo a --loud"],
  run: async (args, options, io) => {
    io.progress(1, "echoed");
    io.print(`${args.first} of ${options.count}`);
    io.printJson({ args, options, cwd: io.cwd, numbers: Float32Array.of(0.5, Number.NaN), big: 2n ** 60n, small: 2n });
  },
});

const fail: Command = defineCommand({
  path: ["fail"],
  summary: "Fail in one of several ways",
  arguments: { how: { description: "how" } },
  example: "twinloom fail domain",
  run: async ({ how }) => {
    if (how === "domain") {
      throw new OutOfDomainError({ what: "gflash", condition: "energy", value: 5, min: 10, max: 20, unit: "MeV" });
    }
    if (how === "system") await (await import("node:fs/promises")).readFile("/no/such/folder/file");
    throw new TypeError("cannot read what is not there");
  },
});

const long: Command = defineCommand({
  path: ["long"],
  summary: "Run until stopped",
  options: { stubborn: { kind: "flag", description: "do not react to the signal" } },
  example: "twinloom long",
  run: async (_args, { stubborn }, io) => {
    io.progress(0.25, "waiting");
    io.progress(0.5, "waiting");
    await sleep(60_000, undefined, stubborn ? {} : { signal: io.signal }).catch(async (cause: unknown) => {
      await sleep(20);
      io.warn("cleaned up");
      throw new Error("the wait was cut short", { cause });
    });
  },
});

const flood: Command = defineCommand({
  path: ["flood"],
  summary: "Print many lines",
  options: { lines: { kind: "integer", placeholder: "count", description: "how many", default: 200_000 } },
  example: "twinloom flood",
  run: async (_args, { lines }, io) => {
    for (let line = 0; line < lines; line++) await io.write(`line ${line}\n`);
  },
});

await runCommandLine([echo, fail, long, flood], { test: "Commands for tests" });
