import { type Command, type CommandIo, defineCommand } from "../command.ts";
import type { GeneratorNotes, ModelCard } from "../model-notes.ts";

export const modelInfo: Command = defineCommand({
  path: ["model", "info"],
  summary: "Show what an ONNX file is: inputs, outputs, digest, and what its card says",
  description:
    "All of it comes from the file itself and from the card beside it (NAME.card.json), so that ONNX Runtime need not be " +
    "installed. Of a generator of events, also its conditions with the ranges in which it is valid.",
  arguments: { file: { description: "ONNX file to look into" } },
  example: ["twinloom model info gan.onnx", "twinloom model info gan.onnx --json"],
  run: async ({ file }, _options, io) => {
    const { absolute, isRemote } = await import("../open-file.ts");
    if (isRemote(file)) {
      const { UsageError } = await import("../errors.ts");
      throw new UsageError(`${file}: this command takes local files. Download it first, with the card beside it.`);
    }
    const { describeOnnx } = await import("../../modules/onnx/index.ts");
    const { harmless } = await import("../harmless.ts");
    const { generatorNotes, readCard } = await import("../model-notes.ts");
    const location = absolute(file, io.cwd);
    const model = await describeOnnx(location, { signal: io.signal });
    const generator = generatorNotes(model.metadata);
    const card = await readCard(location, model.digest);
    if (io.json) io.printJson({ file, ...model, generator: generator ?? null, card: card ?? null });
    else await printInfo({ file, model, generator, card }, io);
    if (generator?.problem !== undefined) io.warn(harmless(`${file}: ${generator.problem}`));
    if (card?.problem !== undefined) io.warn(harmless(`${card.file}: ${card.problem}`));
  },
});

type Described = Awaited<ReturnType<typeof import("../../modules/onnx/index.ts").describeOnnx>>;

interface Found {
  readonly file: string;
  readonly model: Described;
  readonly generator: GeneratorNotes | undefined;
  readonly card: ModelCard | undefined;
}

async function printInfo({ file, model, generator, card }: Found, io: CommandIo): Promise<void> {
  const { formatTable } = await import("../table.ts");
  const { harmless } = await import("../harmless.ts");
  const { printTensors } = await import("../print-tensors.ts");
  const print = (text: string): void => io.print(harmless(text));
  const entry = (key: string, text: string): void => print(`${key} = ${text}`.replaceAll("\n", "\\n"));
  const title = (text: string): void => io.print(`\n${io.style.bold(harmless(text))}`);
  const table = (names: readonly string[], rows: readonly (readonly (string | number | null)[])[]): void =>
    print(formatTable({ columns: names.map((name) => ({ name })), rows }));
  const opsets = Object.entries(model.opsets).map(([domain, version]) => `${domain} ${version}`);
  const { name, version } = model.producer;
  print(`${file} (ONNX, opset ${opsets.join(", ")})`);
  print(model.digest);
  print(`${model.bytes} bytes, ${model.parameters} parameters, by ${`${name} ${version}`.trim() || "unknown"}`);
  printTensors(model, io);
  if (generator?.problem === undefined && generator !== undefined) {
    title(`generator ${generator.name}`);
    table(["condition", "unit", "min", "max"], generator.conditions);
    table(["noise", "values per event"], generator.noise);
    table(["output", "dims", "shape", "unit"], generator.outputs);
    for (const [key, text] of generator.facts) entry(key, text);
  }
  const others = Object.entries(model.metadata).filter(([key]) => generator === undefined || key !== generator.key);
  if (others.length > 0) title("metadata");
  for (const [key, text] of others) entry(key, shortened(text));
  if (card === undefined || card.problem !== undefined) return;
  title(`card ${card.file}`);
  for (const [key, text] of card.facts) entry(key, text);
  if (card.metrics.length > 0) table(["metric", "value", "floor"], card.metrics);
}

function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}
