import type { Connector, Dataset } from "../core/index.ts";
import type { CommandIo } from "./command.ts";
import { UsageError } from "./errors.ts";
import type { FederationChoice } from "./federation-options.ts";
import { absolute, withData } from "./open-file.ts";
import { pairs } from "./parameters.ts";
import { parseSlices } from "./slice.ts";

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

/** Data that are open, and a way to write what was computed from them. */
export interface ClimateData {
  readonly dataset: Dataset;
  /** Writes a result to `out`; nothing where no output was asked for. */
  write(result: Dataset): Promise<void>;
}

/** Opens climate data, or the part that was asked for, and closes them when the work is done. */
export async function withClimateData<T>(
  choice: ClimateChoice,
  io: CommandIo,
  work: (data: ClimateData) => Promise<T>,
): Promise<T> {
  const { connectorFor, ENGINE_VERSION, FileExistsError, subset } = await import("../core/index.ts");
  const selection = parseSlices(choice.slice ?? []);
  const target = choice.out === undefined ? undefined : absolute(choice.out, io.cwd);
  if (target !== undefined && choice.files.some((file) => absolute(file, io.cwd) === target)) {
    throw new UsageError(`"${choice.out}" is an input and the output.`);
  }
  return await withData({ ...choice, output: choice.out }, io, async ({ dataset, connectors }) => {
    const writer = target === undefined ? undefined : writerOf(target, connectors);
    // Before hours of work, not after.
    if (target !== undefined && !choice.replace && (await exists(target))) throw new FileExistsError(target);
    const part =
      Object.keys(selection).length === 0 ? dataset : await subset(dataset, { selection, signal: io.signal });
    return await work({
      dataset: part,
      write: async (result) => {
        if (writer === undefined || target === undefined) return;
        const history = `${new Date().toISOString()} twinloom ${ENGINE_VERSION}: twinloom ${process.argv.slice(2).join(" ")}`;
        await writer.write(
          target,
          { ...result, attributes: { ...result.attributes, history } },
          {
            signal: io.signal,
            existing: choice.replace ? "replace" : "refuse",
            ...(choice.level !== undefined && { compressionLevel: choice.level }),
          },
        );
      },
    });
  });

  function writerOf(file: string, connectors: readonly Connector[]): Connector {
    const connector = connectorFor(file, connectors);
    if (connector) return connector;
    throw new UsageError(`"${choice.out}" does not end as a format that can be written: .nc, .zarr, .h5.`);
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
