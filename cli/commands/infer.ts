import type { Model } from "../../core/index.ts";
import type { RemoteModel } from "../../modules/serving/index.ts";
import { type Command, type CommandIo, defineCommand } from "../command.ts";
import { CONNECTION_OPTIONS, type ConnectionChoice } from "../connection-options.ts";

export const infer: Command = defineCommand({
  path: ["infer"],
  summary: "Have a server compute a model: arrays in, arrays out",
  description:
    "Without --model it tells what the server has, without --inputs what the model is. Inputs are the variables of a file that are named as the model's inputs, " +
    "of their dtypes and shapes; nothing is converted. The file of the outputs is of the format that its ending names: .h5, .nc, .zarr.",
  options: {
    endpoint: {
      kind: "text",
      placeholder: "host:port",
      description:
        "server that speaks the Open Inference Protocol; several, separated by commas, serve the same model; or registry:folder, where servers register",
      required: true,
    },
    model: { kind: "text", placeholder: "name", description: "name that the model is served under" },
    inputs: { kind: "text", placeholder: "file", description: "file with the inputs, of any format that is read" },
    out: { kind: "text", placeholder: "file", description: "file to write the outputs to" },
    batchSize: {
      kind: "integer",
      placeholder: "rows",
      description: "rows of one request",
      default: 100,
      min: 1,
    },
    ...CONNECTION_OPTIONS,
    replace: { kind: "flag", description: "replace an existing output" },
  },
  example: [
    "twinloom infer --endpoint localhost:8001",
    "twinloom infer --endpoint localhost:8001 --model gan.model",
    "twinloom infer --endpoint localhost:8001 --model gan.model --inputs noise.h5 --out showers.h5",
  ],
  run: async (_args, options, io) => {
    const { UsageError } = await import("../errors.ts");
    const { inputs, out, model: name } = options;
    if ((inputs === undefined) !== (out === undefined)) {
      throw new UsageError("--inputs and --out go together: what is computed is written to a file.");
    }
    if (name === undefined) {
      if (inputs !== undefined) throw new UsageError("--inputs needs --model: what is to compute them.");
      return await list(options, io);
    }
    const { createTwin } = await import("../../core/index.ts");
    const { remoteModel } = await import("../../modules/serving/index.ts");
    const { connection } = await import("../connection.ts");
    const { withTwin } = await import("../with-twin.ts");
    const { warningLog } = await import("../warning-log.ts");
    const plugins = { model: remoteModel(connection({ ...options, model: name }, io.cwd)), log: warningLog(io) };
    const twin = await createTwin({ name: "infer", plugins, signal: io.signal });
    await withTwin(twin, async ({ model }) => {
      if (inputs === undefined || out === undefined) await describe(model, io);
      else await compute(model, { ...options, inputs, out }, io);
    });
  },
});

async function list(options: ConnectionChoice & { readonly endpoint: string }, io: CommandIo): Promise<void> {
  const { createTwin } = await import("../../core/index.ts");
  const { listModels } = await import("../../modules/serving/index.ts");
  const { connection } = await import("../connection.ts");
  const { withTwin } = await import("../with-twin.ts");
  const { formatTable } = await import("../table.ts");
  const { harmless } = await import("../harmless.ts");
  const { warningLog } = await import("../warning-log.ts");
  const { model: _, version: __, ...servers } = connection({ ...options, model: "*" }, io.cwd);
  const twin = await createTwin({ name: "infer", plugins: { log: warningLog(io) }, signal: io.signal });
  const models = await withTwin(twin, ({ log }) => listModels(servers, { log, signal: io.signal }));
  if (io.json) return io.printJson({ models: models.map((each) => ({ ...each, version: each.version ?? null })) });
  const columns = ["name", "version", "state"].map((column) => ({ name: column }));
  const rows = models.map(({ name, version, isReady }) => [name, version ?? "", isReady ? "ready" : "not loaded"]);
  io.print(harmless(formatTable({ columns, rows })));
}

/** Characters of an entry that are shown. */
const LONGEST = 200;

async function describe(model: RemoteModel, io: CommandIo): Promise<void> {
  const { name, version, inputs, outputs, metadata, digest, provider } = model;
  const facts = { name, version: version ?? null, digest: digest ?? null, provider };
  if (io.json) return io.printJson({ ...facts, inputs, outputs, metadata });
  const { harmless } = await import("../harmless.ts");
  const { printTensors } = await import("../print-tensors.ts");
  const numbered = version === undefined ? name : `${name} ${version}`;
  io.print(harmless(`${numbered}${digest === undefined ? "" : ` (${digest})`}`));
  printTensors({ inputs, outputs }, io);
  const entries = Object.entries(metadata);
  if (entries.length > 0) io.print(`\n${io.style.bold("metadata")}`);
  for (const [key, text] of entries) {
    const line = text.replaceAll("\n", "\\n");
    const more = `… (${line.length} characters; --json has them)`;
    io.print(harmless(`${key} = ${line.length > LONGEST ? `${line.slice(0, LONGEST)}${more}` : line}`));
  }
}

async function compute(
  model: Model,
  {
    inputs,
    out,
    batchSize,
    replace,
  }: Readonly<Record<"inputs" | "out", string>> & { readonly batchSize: number; readonly replace: boolean },
  io: CommandIo,
): Promise<void> {
  const { connectorFor, dataset: datasetOf } = await import("../../core/index.ts");
  const { UsageError } = await import("../errors.ts");
  const { inferRows } = await import("../infer-rows.ts");
  const { absolute, withData } = await import("../open-file.ts");
  const target = absolute(out, io.cwd);
  const rows = await withData({ files: [inputs], output: out }, io, async ({ dataset, connectors }) => {
    const connector = connectorFor(target, connectors);
    if (!connector) throw new UsageError(`"${out}" does not end as a format that can be written: .h5, .nc, .zarr.`);
    const progress = (fraction: number): void => io.progress(fraction, `computing ${model.name}`);
    const inferred = await inferRows(model, dataset, { batchRows: batchSize, signal: io.signal, progress });
    const attributes = { model: model.name, ...(model.digest !== undefined && { model_digest: model.digest }) };
    await connector.write(target, datasetOf({ variables: inferred.outputs, attributes }), {
      signal: io.signal,
      existing: replace ? "replace" : "refuse",
    });
    return inferred.rows;
  });
  const names = Object.keys(model.outputs);
  if (io.json) io.printJson({ file: out, model: model.name, rows: rows ?? null, outputs: names });
  else {
    const { harmless } = await import("../harmless.ts");
    const counted = rows === undefined ? "" : `, ${rows} rows`;
    io.print(harmless(`${out}: ${names.join(", ")} of ${model.name}${counted}`));
  }
}
