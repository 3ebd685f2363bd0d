import { resolve } from "node:path";
import { type Generator, type OpenDataset, openDataset } from "../core/index.ts";
import { loadTestBeam, type ShowerSet, TestBeam } from "../thematic/detector/index.ts";
import type { CommandIo } from "./command.ts";
import { type DetectorTwin, withDetector } from "./detector-twin.ts";
import { UsageError } from "./errors.ts";

/** A test beam that was typed, and what makes its showers. */
export interface BeamSourceChoice {
  readonly script: string;
  readonly geometry: string;
  /** In place of the script's. */
  readonly seed?: bigint | undefined;
  readonly model?: string | undefined;
  /** Files instead of the model, where needed with the thickness of the absorber before it: `1.5=showers.h5`. */
  readonly showers: readonly string[];
}

/** Attribute of a file of showers, where it has it, mm. */
const THICKNESS = "absorber_thickness_mm";

/** What the events of a beam are made of. */
type BeamSource = Generator | readonly ShowerSet[];

/** Works on a beam with its showers. @throws `TWIN_USAGE`, `TWIN_TESTBEAM_INVALID`; what opening the showers or the model throws. */
export async function withBeam<T>(
  choice: BeamSourceChoice,
  io: Pick<CommandIo, "cwd" | "signal" | "warn">,
  work: (beam: TestBeam, source: BeamSource) => Promise<T>,
): Promise<T> {
  const { model, showers, geometry } = choice;
  if (model !== undefined && showers.length > 0) {
    throw new UsageError("--model makes showers, and --showers are made already: give one of them.");
  }
  // Who reads files needs no model; published constants are there for every geometry.
  const maker = model ?? (showers.length > 0 ? "gflash-published" : "gflash");
  return await withDetector({ model: maker, geometry }, io, async (twin) => {
    const beam = await loadBeam(choice, twin, io);
    if (showers.length === 0) return await work(beam, twin.model);
    const open: OpenDataset[] = [];
    try {
      const sets: ShowerSet[] = [];
      for (const typed of showers) {
        const [, thickness, file = typed] = /^(\d+(?:\.\d+)?)=(.+)$/.exec(typed) ?? [];
        const dataset = await openDataset(resolve(io.cwd, file), [twin.files], { signal: io.signal });
        open.push(dataset);
        const stored = await twin.detector.showers(dataset, { signal: io.signal });
        const said = stored.attributes[THICKNESS];
        const known = typeof said === "number" ? said : beam.script.absorberMm;
        sets.push({ absorberMm: thickness === undefined ? known : Number(thickness), showers: stored });
      }
      return await work(beam, sets);
    } finally {
      for (const dataset of open) await dataset.close();
    }
  });
}

async function loadBeam(
  { script, seed }: BeamSourceChoice,
  twin: DetectorTwin,
  { cwd }: Pick<CommandIo, "cwd">,
): Promise<TestBeam> {
  const { geometry } = twin.detector;
  const beam = await loadTestBeam(resolve(cwd, script), geometry);
  return seed === undefined ? beam : new TestBeam({ ...beam.script, seed: String(seed) }, geometry);
}
