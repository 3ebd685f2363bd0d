import { resolve } from "node:path";
import { type Command, defineCommand } from "../command.ts";

export const rootExport: Command = defineCommand({
  path: ["root", "export"],
  summary: "Export trees, RNTuples and histograms of a ROOT file to HDF5",
  description:
    "Runs uproot in a Python environment that is made on first use in the cache folder of the user, from the package " +
    "index that pip is configured for; later runs need no network. A branch of varying length becomes a group of counts " +
    "and values. Where the file came from, and how it was exported, is in the attributes of the result.",
  arguments: { file: { description: "ROOT file" } },
  options: {
    tree: { kind: "text", placeholder: "path", description: "tree or RNTuple to export (default: all)", many: true },
    branches: {
      kind: "text",
      placeholder: "pattern",
      description: "branches to export, with *, ? and [abc] (default: all)",
      many: true,
    },
    start: { kind: "integer", placeholder: "entry", description: "first entry", min: 0 },
    stop: { kind: "integer", placeholder: "entry", description: "the entry after the last", min: 0 },
    skipHistograms: { kind: "flag", description: "leave histograms out" },
    stepMb: {
      kind: "number",
      placeholder: "MB",
      description: "values in memory at a time [MB]",
      default: 100,
      above: 0,
    },
    python: {
      kind: "text",
      placeholder: "program",
      description: "Python to make the environment from (3.11 or later)",
    },
    out: { kind: "text", placeholder: "file", description: "HDF5 file to write", required: true },
    replace: { kind: "flag", description: "replace the file if it is there" },
  },
  example: [
    'twinloom root export nano.root --tree Events --branches "Muon_*" --out muons.h5',
    "twinloom root export histograms.root --out histograms.h5",
  ],
  run: async ({ file }, options, io) => {
    const { exportRoot } = await import("../../modules/root/index.ts");
    const { ENGINE_VERSION } = await import("../../core/index.ts");
    const { tree = [], branches = [], start, stop, skipHistograms, stepMb, python, out, replace } = options;
    let fraction = 0;
    const result = await exportRoot(resolve(io.cwd, file), resolve(io.cwd, out), {
      trees: tree,
      branches,
      start,
      stop,
      skipHistograms,
      stepBytes: stepMb * 1e6,
      python,
      existing: replace ? "replace" : "refuse",
      time: new Date().toISOString(),
      exportedBy: `twinloom ${ENGINE_VERSION}`,
      command: commandLine(file, options),
      signal: io.signal,
      onProgress: (doing, done = fraction) => {
        fraction = done;
        io.progress(done, doing);
      },
    });
    if (io.json) return io.printJson({ file: out, ...result });
    for (const { path, entries, branches: exported } of result.trees) {
      io.print(`${path}: ${entries} entries, ${exported.length} branches`);
    }
    if (result.histograms.length > 0) io.print(`${result.histograms.length} histograms`);
    for (const [path, reason] of Object.entries(result.skipped)) io.warn(`${path} is not exported: ${reason}`);
    io.print(`${out} (Python environment: ${result.environment})`);
  },
});

/** What was typed, as it can be typed again; without the program to run it with, which is no matter of the result. */
function commandLine(file: string, options: Readonly<Record<string, unknown>>): string {
  const words = ["twinloom root export", quoted(file)];
  for (const [name, value] of Object.entries(options)) {
    if (name === "python" || name === "replace" || value === undefined || value === false) continue;
    const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    for (const each of Array.isArray(value) ? value : [value]) {
      words.push(each === true ? flag : `${flag} ${quoted(String(each))}`);
    }
  }
  return words.join(" ");
}

function quoted(text: string): string {
  return /^[\w./:=@-]+$/.test(text) ? text : `"${text.replaceAll(/["\\$`]/g, "\\$&")}"`;
}
