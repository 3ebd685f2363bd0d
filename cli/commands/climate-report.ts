import type { ClimateReportInput } from "../../thematic/climate/index.ts";
import { CLIMATE_OPTIONS } from "../climate-options.ts";
import { type Command, type CommandIo, defineCommand } from "../command.ts";

const { var: _var, out: _out, level: _level, replace: _replace, ...SHARED } = CLIMATE_OPTIONS;

export const climateReport: Command = defineCommand({
  path: ["climate", "report"],
  summary: "Draw climate data and results as one HTML page",
  description:
    "Maps of means and changes with coastlines, series of the mean over the area, tables of places, storm tracks; what was " +
    "chosen is in the captions. Each file is told of by itself; a folder or a pattern is one dataset, as for `climate index`, and " +
    "so are all files with --together. A .csv is a file of storm tracks.",
  arguments: { files: { description: "files of data, indices, return levels or tracks", many: true } },
  options: {
    out: {
      kind: "text",
      placeholder: "file",
      description: "page to write, .html; replaces an earlier one",
      required: true,
    },
    var: {
      kind: "text",
      placeholder: "name",
      description: "variable to draw (default: the first 6 of each file)",
      many: true,
    },
    title: { kind: "text", placeholder: "text", description: "title of the page" },
    together: { kind: "flag", description: "all files are one dataset" },
    ...SHARED,
  },
  example: [
    "twinloom climate report tx90p.nc spi.nc --out report.html",
    'twinloom climate report "tas_*.nc" --var tas --slice lat=36..66 --out europe.html',
  ],
  run: async ({ files }, options, io) => {
    const { createTwin, ENGINE_VERSION, writeFileAtomically } = await import("../../core/index.ts");
    const { climateReport: reportOf } = await import("../../thematic/climate/index.ts");
    const { report } = await import("../../modules/report/index.ts");
    const { UsageError } = await import("../errors.ts");
    const { absolute } = await import("../open-file.ts");
    const { withTwin } = await import("../with-twin.ts");
    const page = absolute(options.out, io.cwd);
    if (!/\.html?$/i.test(page)) throw new UsageError(`"${options.out}" is no HTML page: end its name with .html.`);
    if (files.some((file) => absolute(file, io.cwd) === page)) {
      throw new UsageError(`"${options.out}" is an input and the output.`);
    }
    const groups = options.together ? [files] : files.map((file) => [file]);
    const facts = await withInputs(groups, options, io, async (inputs) => {
      const doing = "drawing";
      io.progress(0, doing);
      const document = await reportOf(inputs, {
        ...{ title: options.title, variables: options.var ?? [], maxBytes: options.memory * 1e6, signal: io.signal },
        provenance: { drawn: `${new Date().toISOString()}, twinloom ${ENGINE_VERSION}` },
        onProgress: (fraction) => io.progress(0.9 * fraction, doing),
      });
      const twin = await createTwin({ plugins: { report: report() } });
      const html = await withTwin(twin, (made) => made.report.html(document, { signal: io.signal }));
      await writeFileAtomically(page, html, { signal: io.signal, existing: "replace" });
      io.progress(1, doing);
      const items = document.sections.flatMap((section) => section.items);
      const countOf = (kind: string): number => items.filter((item) => item.kind === kind).length;
      return {
        title: document.title,
        sections: document.sections.map(({ title }) => title),
        maps: countOf("map"),
        figures: countOf("figure"),
        tables: countOf("table"),
        out: options.out,
      };
    });
    if (io.json) return io.printJson(facts);
    for (const title of facts.sections) io.print(title);
    io.print(`${options.out}: ${facts.maps} maps, ${facts.figures} figures, ${facts.tables} tables`);
  },
});

type Choice = Omit<Parameters<typeof import("../climate-data.ts").withClimateData>[0], "files" | "out">;

/** Opens all inputs at once, one inside the other, and closes them when the work is done. */
async function withInputs<T>(
  groups: readonly (readonly string[])[],
  choice: Choice,
  io: CommandIo,
  work: (inputs: readonly ClimateReportInput[]) => Promise<T>,
): Promise<T> {
  const { withClimateData } = await import("../climate-data.ts");
  const open = async (left: readonly (readonly string[])[], opened: readonly ClimateReportInput[]): Promise<T> => {
    const [files, ...others] = left;
    if (!files) return await work(opened);
    const tracks = files.length === 1 ? await tracksOf(files[0] as string, io) : undefined;
    if (tracks) return await open(others, [...opened, tracks]);
    const { store, twin, slice, ...federation } = choice;
    return await withClimateData(
      { ...federation, store, twin, slice, files, out: undefined },
      io,
      async ({ dataset }) => {
        const input = { name: nameOf(files), dataset, facts: await digestsOf(files, io) };
        return await open(others, [...opened, input]);
      },
    );
  };
  return await open(groups, []);
}

/** The tracks of a file of text, as a dataset. */
async function tracksOf(file: string, io: CommandIo): Promise<ClimateReportInput | undefined> {
  if (!/\.csv$/i.test(file) || /[*?]/.test(file)) return undefined;
  const { readTracksCsv, tracksDataset } = await import("../../thematic/climate/index.ts");
  const { readText } = await import("../read-text.ts");
  const { absolute } = await import("../open-file.ts");
  const tracks = readTracksCsv(await readText(absolute(file, io.cwd)));
  return { name: nameOf([file]), dataset: tracksDataset(tracks), facts: await digestsOf([file], io) };
}

function nameOf(files: readonly string[]): string {
  const names = files.map((file) => file.replace(/[\\/]+$/, "").replace(/^.*[\\/]/, ""));
  return names.length > 3 ? `${names.slice(0, 2).join(", ")} and ${names.length - 2} more` : names.join(", ");
}

/** Digests of files on this disk; of folders, patterns and URLs none. */
async function digestsOf(files: readonly string[], io: CommandIo): Promise<Readonly<Record<string, string>>> {
  const { stat } = await import("node:fs/promises");
  const { digestFile } = await import("../../core/index.ts");
  const { absolute } = await import("../open-file.ts");
  const digests: [string, string][] = [];
  for (const file of files) {
    const path = absolute(file, io.cwd);
    const isFile = await stat(path).then(
      (facts) => facts.isFile(),
      () => false,
    );
    if (!isFile) continue;
    const { digest } = await digestFile(path, { signal: io.signal });
    digests.push([files.length > 1 ? `digest of ${nameOf([file])}` : "digest", digest]);
  }
  return Object.fromEntries(digests);
}
