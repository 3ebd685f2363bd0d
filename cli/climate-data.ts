import type { Connector, Dataset, MissingRule, Variable } from "../core/index.ts";
import type { CommandIo } from "./command.ts";
import { UsageError } from "./errors.ts";
import type { FederationChoice } from "./federation-options.ts";
import { absolute, withData } from "./open-file.ts";
import { pairs } from "./parameters.ts";
import { parseSlices, yearsOfTimes } from "./slice.ts";

/** What {@link CLIMATE_OPTIONS} say of the data. */
export interface ClimateChoice extends FederationChoice {
  readonly files: readonly string[];
  readonly slice?: readonly string[] | undefined;
  readonly twin?: string | undefined;
  readonly store?: string | undefined;
  readonly out?: string | undefined;
  readonly replace?: boolean | undefined;
  readonly level?: number | undefined;
}

/** What of a command may be a text: the endings of its names, such as `.csv`. */
export interface TextOutput {
  readonly texts?: readonly string[];
}

/** Data that are open, and a way to write what was computed from them. */
export interface ClimateData {
  readonly dataset: Dataset;
  /** Writes a result to `out`, or the text that it is there; nothing where no output was asked for. */
  write(result: Dataset, text?: () => string): Promise<void>;
}

/** Opens climate data, or the part that was asked for, and closes them when the work is done. */
export async function withClimateData<T>(
  choice: ClimateChoice & TextOutput,
  io: CommandIo,
  work: (data: ClimateData) => Promise<T>,
): Promise<T> {
  const { connectorFor, ENGINE_VERSION, FileExistsError, selectRegion, writeFileAtomically } = await import(
    "../core/index.ts"
  );
  const slices = parseSlices(choice.slice ?? []);
  const target = choice.out === undefined ? undefined : absolute(choice.out, io.cwd);
  if (target !== undefined && choice.files.some((file) => absolute(file, io.cwd) === target)) {
    throw new UsageError(`"${choice.out}" is an input and the output.`);
  }
  const texts = choice.texts ?? [];
  const isText = target !== undefined && texts.some((ending) => target.toLowerCase().endsWith(ending));
  return await withData({ ...choice, output: choice.out, context: "water" }, io, async ({ dataset, connectors }) => {
    const writer = target === undefined || isText ? undefined : writerOf(target, connectors);
    // Before hours of work, not after.
    if (target !== undefined && !choice.replace && (await exists(target))) throw new FileExistsError(target);
    const part =
      Object.keys(slices).length === 0
        ? dataset
        : await selectRegion(dataset, { selection: yearsOfTimes(dataset, slices), signal: io.signal });
    for (const dim of Object.keys(slices)) {
      if (part.dims[dim]?.length !== 0) continue;
      throw new UsageError(
        `--slice ${dim}=… selects nothing: no coordinate of "${dim}" is within. See \`twinloom data read … --slice\`.`,
      );
    }
    return await work({
      dataset: part,
      write: async (result, text) => {
        if (target === undefined) return;
        const existing = choice.replace ? "replace" : "refuse";
        if (isText) return await writeFileAtomically(target, text?.() ?? "", { signal: io.signal, existing });
        const history = `${new Date().toISOString()} twinloom ${ENGINE_VERSION}: twinloom ${process.argv.slice(2).join(" ")}`;
        await (writer as Connector).write(
          target,
          { ...result, attributes: { ...result.attributes, history } },
          {
            signal: io.signal,
            existing,
            ...(choice.level !== undefined && { compressionLevel: choice.level }),
          },
        );
      },
    });
  });

  function writerOf(file: string, connectors: readonly Connector[]): Connector {
    const connector = connectorFor(file, connectors);
    // Tables hold one dimension, and ROOT files are read only.
    if (connector?.formats.some((format) => /^(netcdf|zarr|hdf5)/i.test(format))) return connector;
    const endings = [".nc", ".zarr", ".h5", ...texts].join(", ");
    throw new UsageError(`"${choice.out}" does not end as a format that results are written in: ${endings}.`);
  }
}

async function exists(file: string): Promise<boolean> {
  const { access } = await import("node:fs/promises");
  return await access(file).then(
    () => true,
    () => false,
  );
}

/** `--var` options: `tasmax=tx` is the variable of an input, a name alone that of the only input. */
export function parseVariables(given: readonly string[], inputs: readonly string[]): Readonly<Record<string, string>> {
  const [first] = inputs;
  const named = given.map((text) => {
    if (text.includes("=")) return text;
    if (inputs.includes(text)) return `${text}=${text}`;
    if (inputs.length === 1) return `${first}=${text}`;
    throw new UsageError(
      `--var ${text} does not say of which input; write input=${text}. Inputs: ${inputs.join(", ")}.`,
    );
  });
  const result = Object.fromEntries(pairs(named));
  const unknown = Object.keys(result).find((name) => !inputs.includes(name));
  if (unknown !== undefined) throw new UsageError(`There is no input "${unknown}". Inputs: ${inputs.join(", ")}.`);
  return result;
}

/** `--set threshold=30`: parameters of an index. Which ones there are, the index knows. */
export function parseSettings(given: readonly string[]): Readonly<Record<string, number>> {
  const numbers = pairs(given).map(([name, text]) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (Number.isFinite(value)) return [name, value] as const;
    throw new UsageError(`--set ${name}=${text}: "${text}" is no number.`);
  });
  return Object.fromEntries(numbers);
}

/** `--incomplete`: which periods have no value. */
export function parseIncomplete(text: string): MissingRule {
  if (text === "any" || text === "skip" || text === "wmo") return text;
  const percent = text.trim() === "" ? Number.NaN : Number(text);
  if (percent >= 0 && percent <= 100) return { percent };
  throw new UsageError(`--incomplete ${text}: write any, skip, wmo, or a percentage from 0 to 100.`);
}

/** `--periods 10,50,100`: numbers above 0. */
export function parseNumbers(option: string, text: string): readonly number[] {
  const numbers = text.split(",").map((each) => (each.trim() === "" ? Number.NaN : Number(each)));
  if (numbers.every(Number.isFinite)) return numbers;
  throw new UsageError(`${option} ${text}: write numbers with commas between them, such as 10,50,100.`);
}

/** The variable that was named, or the only one along a time. @throws `TWIN_CLIMATE_INPUT_INVALID`, `TWIN_VARIABLE_NOT_FOUND`. */
export async function seriesVariable(dataset: Dataset, name: string | undefined): Promise<Variable> {
  const { findVariable, isTimeUnit, walk } = await import("../core/index.ts");
  const { ClimateInputError } = await import("../thematic/climate/index.ts");
  if (name !== undefined) return findVariable(dataset, name);
  const isTime = (dim: string): boolean => {
    const unit = Object.hasOwn(dataset.variables, dim) ? dataset.variables[dim]?.unit : undefined;
    return unit !== undefined && isTimeUnit(unit);
  };
  const bounds = new Set(Object.values(dataset.variables).flatMap(({ attributes: a }) => a["bounds"] ?? []));
  const found = [...walk(dataset)].filter(
    (each) =>
      each.dtype !== "string" && each.dims.some(isTime) && !each.dims.includes(each.name) && !bounds.has(each.name),
  );
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const names = found.map(({ path }) => path.slice(1)).join(", ");
  throw new ClimateInputError(
    found.length === 0
      ? 'No variable goes along a time with a unit such as "days since 1990-01-01". See what there is with `twinloom data info`.'
      : `Several variables go along time: ${names}. Name one: --var ${only?.path.slice(1)}.`,
  );
}
