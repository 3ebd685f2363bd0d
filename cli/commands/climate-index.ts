import type { Dataset, Variable } from "../../core/index.ts";
import { CLIMATE_OPTIONS } from "../climate-options.ts";
import { type Command, defineCommand } from "../command.ts";

export const climateIndex: Command = defineCommand({
  path: ["climate", "index"],
  summary: "Compute a climate index",
  description:
    "Several files, a folder or a pattern are one dataset. `twinloom climate indices` lists the indices, what they are " +
    "computed from, and how other programs differ. The output variable is named after the index.",
  arguments: {
    name: { description: "index, such as TX90p" },
    files: { description: "files, folders or patterns to compute from", many: true },
  },
  options: {
    period: {
      kind: "text",
      placeholder: "years",
      description: "base period of thresholds and fits: 1961-1990 (default: all)",
    },
    freq: {
      kind: "text",
      placeholder: "frequency",
      description: "periods: YS, YS-JUL, QS-DEC, MS (default: that of the index)",
    },
    set: {
      kind: "text",
      placeholder: "name=number",
      description: "parameter of the index, such as a threshold or the length of a spell",
      many: true,
    },
    incomplete: {
      kind: "text",
      placeholder: "rule",
      description:
        "periods without a value: with any step missing, skip: with all, wmo, or with more than so many percent",
      default: "any",
    },
    ...CLIMATE_OPTIONS,
  },
  example: [
    'twinloom climate index TX90p "tasmax_*.nc" --var tasmax --period 1961-1990 --freq YS --out tx90p.nc',
    "twinloom climate index SU days.nc --set threshold=30",
  ],
  run: async ({ name, files }, options, io) => {
    const { climateIndex: compute, findIndex, INDICES } = await import("../../thematic/climate/index.ts");
    const { summarise } = await import("../../core/index.ts");
    const { parseIncomplete, parseSettings, parseVariables, withClimateData } = await import("../climate-data.ts");
    const definition = findIndex(INDICES, name);
    if (options.period !== undefined && !definition.base) {
      io.warn(
        `${definition.name} has no base period: --period plays no part. For years, give --slice time=${options.period.replace("-", "..")}.`,
      );
    }
    const variables = parseVariables(
      options.var,
      definition.inputs.map((input) => input.name),
    );
    const parameters = parseSettings(options.set);
    const missing = parseIncomplete(options.incomplete);
    const facts = await withClimateData({ ...options, files }, io, async ({ dataset, write }) => {
      const doing = `computing ${definition.name}`;
      io.progress(0, doing);
      const result = await compute(dataset, name, {
        ...{ variables, parameters, missing, period: options.period, frequency: options.freq },
        maxBytes: options.memory * 1e6,
        signal: io.signal,
        onProgress: (fraction) => io.progress(fraction, doing),
      });
      await write(result);
      const variable = result.variables[name] as Variable;
      const summary = async (of: Dataset) => await summarise(of.variables[name] as Variable, {}, { signal: io.signal });
      // One with a value for each step is computed as it is read: once it is written, what was written tells of it.
      const isWritten = definition.along === "steps" && options.out !== undefined;
      const {
        count,
        missing: gaps,
        min,
        max,
        mean,
      } = isWritten
        ? await withClimateData(
            { files: [options.out as string], twin: options.twin, store: options.store },
            io,
            (written) => summary(written.dataset),
          )
        : await summary(result);
      const { dims, shape, unit = null, attributes } = variable;
      const comment = typeof attributes["comment"] === "string" ? attributes["comment"] : null;
      const title = String(attributes["long_name"]);
      return {
        index: definition.name,
        variable: name,
        title,
        dims,
        shape,
        unit,
        count,
        missing: gaps,
        min,
        mean,
        max,
        comment,
      };
    });
    if (io.json) return io.printJson({ ...facts, out: options.out ?? null });
    io.print(`${io.style.bold(facts.index)} [${facts.unit}]: ${facts.title}`);
    io.print(facts.dims.map((dim, axis) => `${dim} ${facts.shape[axis]}`).join(" × "));
    io.print(
      `${shown(facts.min)} to ${shown(facts.max)}, mean ${shown(facts.mean)}; ${facts.missing} missing of ${facts.count + facts.missing}`,
    );
    if (facts.comment) io.print(io.style.dim(facts.comment));
    if (options.out !== undefined) io.print(`${options.out}: written`);
  },
});

/** A number of a summary, which has none where all values are missing. */
function shown(value: number | bigint | null): string {
  return value === null ? "–" : Number(value).toPrecision(4);
}
