import type { Dataset, Variable } from "../../core/index.ts";
import { type Command, defineCommand } from "../command.ts";
import { FEDERATION_OPTIONS } from "../federation-options.ts";

export const dataConvert: Command = defineCommand({
  path: ["data", "convert"],
  summary: "Write data in another format",
  description:
    "The ending of the output names its format: .h5, .nc, .zarr, .csv. Values are written as they are stored, packed " +
    "ones with their scale and fill value, unless --decode is given. Several files, a folder or a pattern become one " +
    "file. The output appears when it is complete.",
  arguments: {
    input: { description: "file, folder or pattern to read" },
    output: { description: "file to write" },
  },
  options: {
    variables: {
      kind: "text",
      placeholder: "names",
      description: "variables to write, separated by commas; the coordinates that they need go with them",
    },
    slice: {
      kind: "text",
      placeholder: "dim=start:stop:step",
      description: "part of a dimension, as for `data read`",
      many: true,
    },
    decode: { kind: "flag", description: "write values as the CF conventions mean them, unpacked" },
    level: { kind: "integer", placeholder: "n", description: "gzip level, 0 for none (default: 4)", min: 0, max: 9 },
    replace: { kind: "flag", description: "replace an existing output" },
    ...FEDERATION_OPTIONS,
  },
  example: [
    "twinloom data convert tas.nc tas.zarr",
    'twinloom data convert "archive/tas_*.nc" tas.nc --variables tas --slice time=2001-01..2005-12',
  ],
  run: async ({ input, output }, options, io) => {
    const { connectorFor, subset } = await import("../../core/index.ts");
    const { absolute, withData } = await import("../open-file.ts");
    const { parseSlices, yearsOfTimes } = await import("../slice.ts");
    const { UsageError } = await import("../errors.ts");
    const slices = parseSlices(options.slice ?? []);
    const target = absolute(output, io.cwd);
    if (absolute(input, io.cwd) === target) throw new UsageError("Input and output are the same file.");
    const choice = { ...options, files: [input], output, raw: !options.decode };
    const values = await withData(choice, io, async ({ dataset, connectors }) => {
      const connector = connectorFor(target, connectors);
      if (!connector) {
        throw new UsageError(`"${output}" does not end as a format that can be written: .h5, .nc, .zarr, .csv.`);
      }
      const variables = options.variables?.split(",").map((name) => name.trim());
      const selection = yearsOfTimes(dataset, slices);
      const part = await subset(dataset, { variables, selection, signal: io.signal });
      const { watched, total } = withProgress(part, (fraction) => io.progress(fraction, `writing ${output}`));
      await connector.write(target, watched, {
        signal: io.signal,
        existing: options.replace ? "replace" : "refuse",
        ...(options.level !== undefined && { compressionLevel: options.level }),
      });
      return total;
    });
    if (io.json) io.printJson({ input, output, values });
    else io.print(`${output}: ${values} values`);
  },
});

/** The dataset, telling which part of its values has been read. */
function withProgress(
  dataset: Dataset,
  tell: (fraction: number) => void,
): { readonly watched: Dataset; readonly total: number } {
  let [total, done] = [0, 0];
  const count = (size: number): void => {
    done += size;
    if (total > 0) tell(Math.min(1, done / total));
  };
  const group = (each: Dataset): Dataset => ({
    ...each,
    variables: Object.fromEntries(
      Object.entries(each.variables).map(([name, variable]) => {
        total += variable.shape.reduce((product, length) => product * length, 1);
        const { path, dtype, dims, shape, unit, fillValue, attributes, storage, raw } = variable;
        const watched: Variable = {
          ...{ name, path, dtype, dims, shape, unit, fillValue, attributes, storage, raw },
          read: async (selection, options) => {
            const array = await variable.read(selection, options);
            count(array.size);
            return array;
          },
          readMany: (selections, options) => variable.readMany(selections, options),
          async *chunks(options) {
            for await (const chunk of variable.chunks(options)) {
              count(chunk.array.size);
              yield chunk;
            }
          },
        };
        return [name, watched];
      }),
    ),
    groups: Object.fromEntries(Object.entries(each.groups).map(([name, child]) => [name, group(child)])),
  });
  const watched = group(dataset);
  return { watched, total };
}
