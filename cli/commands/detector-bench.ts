import type { CalorimeterGeometry, SimulationTiming } from "../../thematic/detector/index.ts";
import { type Command, type CommandIo, defineCommand } from "../command.ts";
import { GEOMETRY_OPTION, PARAMETRISED_MODELS } from "../detector-options.ts";

const BATCH_SIZES = [1, 100, 10_000];
const SHOWN_ENERGIES_MEV = [1000, 10_000, 100_000];

interface BenchedModel {
  readonly model: string;
  readonly provider: string;
  readonly fallbackReason?: string;
  readonly threads: number;
  readonly timings: readonly SimulationTiming[];
}

export const detectorBench: Command = defineCommand({
  path: ["detector", "bench"],
  summary: "Time per simulated shower on this machine",
  description:
    "Wall time from incident energies to voxels in MeV, noise included, for batches of 1, 100 and 10,000 showers; the " +
    "first three seconds of calls are left out. Beside it what full simulation took, on another machine.",
  options: {
    model: {
      kind: "text",
      placeholder: "name",
      description: "model or ONNX file to time, as detector simulate has them; repeatable (default: all)",
      many: true,
    },
    ...GEOMETRY_OPTION,
    energyRangeMev: {
      kind: "text",
      placeholder: "min:max",
      description: "draw energies uniformly in the logarithm from here [MeV]",
      default: "1000:100000",
    },
    batch: {
      kind: "text",
      placeholder: "number",
      description: "batch size instead of the three; repeatable",
      many: true,
    },
    repeats: {
      kind: "integer",
      placeholder: "number",
      description: "measurements per batch size",
      default: 10,
      min: 1,
    },
    budgetS: {
      kind: "number",
      placeholder: "seconds",
      description: "after this time a batch size gets no further measurement, once it has three [s]",
      default: 60,
      above: 0,
    },
    provider: { kind: "text", placeholder: "name", description: "cpu or cuda, for networks", choices: ["cpu", "cuda"] },
    threads: { kind: "integer", placeholder: "number", description: "threads of a network", default: 1, min: 1 },
  },
  example: [
    "twinloom detector bench --repeats 3",
    "twinloom detector bench --model gan --batch 100 --threads 2 --json",
  ],
  run: async (_args, options, io) => {
    const { availableParallelism, cpus } = await import("node:os");
    const { loadGeometry } = await import("../../thematic/detector/index.ts");
    const { energyRangeOf } = await import("../energy-range.ts");
    const energyRangeMeV = energyRangeOf(options.energyRangeMev);
    const batchSizes = options.batch.length > 0 ? await wholeNumbers(options.batch) : BATCH_SIZES;
    const models = options.model.length > 0 ? options.model : await allModels();
    const benched: BenchedModel[] = [];
    for (const [index, model] of models.entries()) {
      benched.push(
        await bench(model, { ...options, batchSizes, energyRangeMeV }, io, (fraction, doing) =>
          io.progress((index + fraction) / models.length, `${model}: ${doing}`),
        ),
      );
    }
    const geometry = await loadGeometry(options.geometry);
    const machine = {
      processor: cpus()[0]?.model.trim() ?? "unknown",
      cores: availableParallelism(),
      node: process.version,
    };
    const fullSimulation = await fullSimulationTimes(geometry, energyRangeMeV);
    if (io.json) io.printJson({ machine, energyRangeMeV, models: benched, fullSimulation });
    else
      await print(
        benched,
        batchSizes,
        { ...machine, fullSimulation, energies: `${energyRangeMeV.map((energy) => energy / 1000).join(" to ")} GeV` },
        io,
      );
  },
});

async function bench(
  model: string,
  options: {
    readonly geometry: string;
    readonly batchSizes: readonly number[];
    readonly energyRangeMeV: readonly [number, number];
    readonly repeats: number;
    readonly budgetS: number;
    readonly provider?: string | undefined;
    readonly threads: number;
  },
  io: CommandIo,
  progress: (fraction: number, doing: string) => void,
): Promise<BenchedModel> {
  const { Generator, resolveNeeds } = await import("../../core/index.ts");
  const { timeSimulation } = await import("../../thematic/detector/index.ts");
  const { withDetector } = await import("../detector-twin.ts");
  const network = !PARAMETRISED_MODELS.includes(model);
  const provider = options.provider as "cpu" | "cuda" | undefined;
  const how = network ? { provider, threads: options.threads } : {};
  return withDetector({ model, geometry: options.geometry, ...how }, io, async (twin) => {
    const { batchSizes, energyRangeMeV, repeats, budgetS } = options;
    const timings = await timeSimulation(twin.detector, {
      batchSizes,
      repeats,
      budgetMs: 1000 * budgetS,
      energyRangeMeV,
      signal: io.signal,
      progress,
    });
    const { facts = {} } = resolveNeeds(twin, { generator: Generator }).generator;
    const reason = facts["provider_fallback_reason"];
    return {
      model,
      provider: String(facts["provider"] ?? "cpu"),
      ...(reason !== undefined && { fallbackReason: String(reason) }),
      threads: network ? options.threads : 1,
      timings,
    };
  });
}

async function allModels(): Promise<readonly string[]> {
  const { SHIPPED_MODELS } = await import("../../modules/fastsim/index.ts");
  return [...PARAMETRISED_MODELS, ...SHIPPED_MODELS];
}

async function wholeNumbers(typed: readonly string[]): Promise<readonly number[]> {
  const numbers = typed.map(Number);
  if (numbers.every((number) => Number.isSafeInteger(number) && number >= 1 && number <= 100_000)) return numbers;
  const { UsageError } = await import("../errors.ts");
  throw new UsageError(`--batch ${typed.join(" --batch ")}: give whole numbers from 1 to 100000.`);
}

interface FullSimulation {
  readonly energyMeV: number | null;
  readonly msPerShower: number;
}

/** At some energies, and the mean over the energies that are timed (`energyMeV` null); empty where nobody measured. */
async function fullSimulationTimes(
  geometry: CalorimeterGeometry,
  [min, max]: readonly [number, number],
): Promise<readonly FullSimulation[]> {
  const { fullSimulationMs } = await import("../../thematic/detector/index.ts");
  const meanMeV = max > min ? (max - min) / Math.log(max / min) : min;
  return [...SHOWN_ENERGIES_MEV.map((energyMeV) => [energyMeV, energyMeV] as const), [null, meanMeV] as const].flatMap(
    ([energyMeV, at]) => {
      const msPerShower = fullSimulationMs(geometry, at);
      return msPerShower === undefined ? [] : [{ energyMeV, msPerShower }];
    },
  );
}

async function print(
  benched: readonly BenchedModel[],
  batchSizes: readonly number[],
  about: {
    readonly processor: string;
    readonly cores: number;
    readonly node: string;
    readonly fullSimulation: readonly FullSimulation[];
    readonly energies: string;
  },
  io: CommandIo,
): Promise<void> {
  const { formatTable } = await import("../table.ts");
  io.print(`${about.processor}, ${about.cores} cores, Node ${about.node}. Milliseconds per shower, ${about.energies}:`);
  io.print("");
  const rows = benched.map(({ model, provider, threads, timings }) => [
    model,
    provider,
    threads,
    ...timings.map(({ mean, standardDeviation }) => `${mean.toPrecision(3)} ± ${standardDeviation.toPrecision(1)}`),
  ]);
  const columns = [
    { name: "model" },
    { name: "provider" },
    { name: "threads" },
    ...batchSizes.map((size) => ({ name: `batch ${size}` })),
  ];
  io.print(formatTable({ columns, rows }));
  for (const { model, fallbackReason } of benched) if (fallbackReason) io.print(`${model}: ${fallbackReason}`);
  if (about.fullSimulation.length === 0) return;
  io.print("");
  const times = about.fullSimulation.map(({ energyMeV, msPerShower }) =>
    energyMeV === null
      ? `${msPerShower.toPrecision(3)} ms on average`
      : `${msPerShower.toPrecision(3)} ms at ${energyMeV / 1000} GeV`,
  );
  io.print(`Full simulation (EGSnrc, one core of another machine, for scale): ${times.join(", ")}.`);
}
