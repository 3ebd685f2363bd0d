import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, type CommandIo, defineCommand } from "../command.ts";
import { CONNECTION_OPTIONS, type ConnectionChoice } from "../connection-options.ts";
import { GEOMETRY_OPTION } from "../detector-options.ts";
import type { DetectorModel } from "../detector-twin.ts";
import type { Shares } from "../remote-shower.ts";

export const detectorSimulate: Command = defineCommand({
  path: ["detector", "simulate"],
  summary: "Simulate electron showers in a calorimeter",
  description:
    "Writes an HDF5 file in CaloChallenge's layout: incident_energies and showers, MeV. A shower depends on nothing but " +
    "the seed, its number in the file and its energy.",
  options: {
    model: {
      kind: "text",
      placeholder: "name",
      description:
        "gan, transformer or transformer-quality (networks trained on full simulation), gflash (formulas fitted to it), " +
        "gflash-published (published constants), or an ONNX file; with --endpoint the name that servers have for it (default: gflash)",
    },
    endpoint: {
      kind: "text",
      placeholder: "host:port",
      description:
        "have servers make the showers, `twinloom serve` or Triton; several, separated by commas, serve the same model; or registry:folder, where servers register",
    },
    fallback: {
      kind: "text",
      placeholder: "model",
      description:
        "what makes showers while no server is there: local (as it comes with Twinloom), gflash, or an ONNX file",
    },
    ...GEOMETRY_OPTION,
    energyMev: { kind: "number", placeholder: "MeV", description: "kinetic energy of every electron [MeV]", above: 0 },
    energyRangeMev: {
      kind: "text",
      placeholder: "min:max",
      description: "draw energies uniformly in the logarithm from here [MeV]",
    },
    energiesFrom: {
      kind: "text",
      placeholder: "file",
      description: "take the incident energies of these showers, again from the first where -n is more than there are",
    },
    absorberMm: {
      kind: "number",
      placeholder: "mm",
      description: "thickness of the absorber in each stack [mm] (default: the geometry's; networks only)",
      above: 0,
    },
    count: {
      kind: "integer",
      short: "n",
      placeholder: "number",
      description: "number of showers (default: 1000, or as many as the file has)",
      min: 1,
    },
    seed: {
      kind: "bigint",
      placeholder: "seed",
      description: "seed of the run",
      default: 1n,
      min: 0n,
      max: 2n ** 64n - 1n,
    },
    outside: {
      kind: "text",
      placeholder: "what",
      description: "energies that a network was not trained for: refuse (default), or fallback (made by gflash)",
      choices: ["refuse", "fallback"],
    },
    provider: {
      kind: "text",
      placeholder: "name",
      description: "what computes a network: cpu (default) or cuda",
      choices: ["cpu", "cuda"],
    },
    threads: {
      kind: "integer",
      placeholder: "number",
      description: "threads of a network (default: 1)",
      min: 1,
      max: 1024,
    },
    batchSize: {
      kind: "integer",
      placeholder: "number",
      description: "showers made at once (default: 100); they do not depend on it",
      min: 1,
      max: 100_000,
    },
    ...CONNECTION_OPTIONS,
    out: { kind: "text", placeholder: "file", description: "file to write", required: true },
    replace: { kind: "flag", description: "replace the file if it is there" },
  },
  example: [
    "twinloom detector simulate --model gflash --energy-mev 10000 -n 1000 --seed 7 --out showers.h5",
    "twinloom detector simulate --model gan --energies-from reference.h5 -n 100000 --out showers.h5",
    "twinloom detector simulate --model my-model.onnx --energy-mev 1500 --outside fallback --out showers.h5",
    "twinloom detector simulate --endpoint gpu-1:8001,gpu-2:8001 --model gan --fallback local --energy-mev 10000 --out showers.h5",
  ],
  run: async (_args, options, io) => {
    const { energyRangeOf } = await import("../energy-range.ts");
    const sources = [options.energyMev, options.energyRangeMev, options.energiesFrom];
    if (sources.filter((source) => source !== undefined).length !== 1) {
      const { UsageError } = await import("../errors.ts");
      throw new UsageError("Give the energies once: --energy-mev, --energy-range-mev or --energies-from.");
    }
    const energyRangeMeV = energyRangeOf(options.energyRangeMev);
    const { FileExistsError } = await import("../../core/index.ts");
    const { simulate } = await import("../../thematic/detector/index.ts");
    const { taskContext, withDetector } = await import("../detector-twin.ts");
    const out = resolve(io.cwd, options.out);
    if (!options.replace && existsSync(out)) throw new FileExistsError(out);
    const { model = "gflash", geometry } = options;
    const detector: DetectorModel = {
      model,
      geometry,
      provider: options.provider as DetectorModel["provider"],
      threads: options.threads,
      outside: options.outside as DetectorModel["outside"],
      remote: await remoteOf(options, io),
    };
    let shares: Shares | undefined;
    const facts = await withDetector(detector, io, async (twin) => {
      const done = await simulate.run(
        taskContext(twin, simulate, io, {
          parameters: {
            energyMeV: options.energyMev,
            energyRangeMeV,
            count: options.count,
            absorberMm: options.absorberMm,
            batchSize: options.batchSize,
            seed: options.seed.toString(),
          },
          inputs: { energies: options.energiesFrom && resolve(io.cwd, options.energiesFrom) },
          outputs: { showers: out },
        }),
      );
      if (detector.remote) shares = (await import("../remote-shower.ts")).sharesOf(twin);
      return done;
    });
    const made = facts as Readonly<Record<string, string | number | undefined>>;
    if (io.json) io.printJson({ file: options.out, ...made, ...shares });
    else {
      const { harmless } = await import("../harmless.ts");
      const { count, model: label, seed, fallbackShowers, fallbackModel } = made;
      const by = `${shares ? "here, " : ""}by ${fallbackModel}`;
      const others = fallbackShowers === undefined ? "" : ` (${fallbackShowers} of them ${by})`;
      io.print(harmless(`${count} showers of ${label}${others} in ${made["geometry"]}, seed ${seed}: ${options.out}`));
      const text = shares && (await import("../remote-shower.ts")).shareText(shares);
      if (text) io.print(`made by ${text}`);
    }
  },
});

/** The servers that were typed; none without `--endpoint`. @throws `TWIN_USAGE` for options that go together with it. */
async function remoteOf(
  options: ConnectionChoice & {
    readonly model?: string | undefined;
    readonly endpoint?: string | undefined;
    readonly fallback?: string | undefined;
    readonly provider?: string | undefined;
    readonly threads?: number | undefined;
  },
  io: Pick<CommandIo, "cwd">,
): Promise<DetectorModel["remote"]> {
  const { endpoint, fallback, model, provider, threads } = options;
  const { UsageError } = await import("../errors.ts");
  if (endpoint === undefined) {
    const alone = ["fallback", ...(Object.keys(CONNECTION_OPTIONS) as (keyof ConnectionChoice)[])] as const;
    const unused = alone.find((option) => options[option] !== undefined && options[option] !== false);
    const { kebab } = await import("../program.ts");
    if (unused !== undefined) throw new UsageError(`--${kebab(unused)} is for servers: give --endpoint, too.`);
    return undefined;
  }
  if (model === undefined) throw new UsageError("--endpoint needs --model: the name that the servers have for it.");
  if ((provider ?? threads) !== undefined) {
    throw new UsageError(
      "--provider and --threads are for networks that are computed here; servers say so themselves.",
    );
  }
  const { connection } = await import("../connection.ts");
  return { connection: connection({ ...options, endpoint, model }, io.cwd), fallback };
}
