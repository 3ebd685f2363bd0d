import { createHash } from "node:crypto";
import type { Showers } from "../contracts.ts";
import type { ChosenRows } from "./distances.ts";
import { voxelEdges } from "./observables.ts";
import { type ShowerFeatures, showerFeatures, type VoxelVisitor } from "./shower-features.ts";
import { chooseEvents, SparseShowers } from "./sparse-showers.ts";
import { VoxelSpectrum } from "./voxel-spectrum.ts";

/** Showers of each set that are compared each with each. The time grows with the square. */
const CHOSEN_SHOWERS = 2000;
const PURPOSE = { generated: 20, reference: 21, second: 22 } as const;

/** All that is kept of one set. */
export interface ReadSet {
  readonly features: ShowerFeatures;
  readonly voxels: VoxelSpectrum;
  /** SHA-256 of energies and voxels, if asked for. */
  readonly digest: string | undefined;
}

/** All that is kept of the sets of a validation. */
export interface ReadSets {
  readonly generated: ReadSet;
  readonly reference: ReadSet;
  readonly second: ReadSet | undefined;
  /** `undefined` where nothing is compared each with each. */
  readonly chosen: ChosenRows | undefined;
}

/** What to keep, and how reading is cancelled and watched. */
export interface ReadOptions {
  readonly seed: bigint;
  readonly withChosen: boolean;
  readonly withDigests: boolean;
  readonly signal?: AbortSignal | undefined;
  progress?(fraction: number, doing: string): void;
}

/** Reads the sets, the reference twice: the bins of voxel energies end at its largest voxel. */
export async function readSets(
  sets: { readonly generated: Showers; readonly reference: Showers; readonly second?: Showers | undefined },
  options: ReadOptions,
): Promise<ReadSets> {
  const { generated, reference, second } = sets;
  const { seed, withChosen, withDigests, signal, progress } = options;
  const all = 2 * reference.count + generated.count + (second?.count ?? 0);
  let before = 0;
  const read = async (
    showers: Showers,
    doing: string,
    use: { readonly visit?: VoxelVisitor; onVoxels?(voxels: Float32Array): void },
  ): Promise<ShowerFeatures> => {
    const features = await showerFeatures(showers, {
      ...(signal && { signal }),
      ...use,
      onShowers: (done) => progress?.((before + done) / all, doing),
    });
    before += showers.count;
    return features;
  };
  const { maxVoxel } = await read(reference, `reading ${reference.label}`, {});
  const edges = voxelEdges(maxVoxel, reference.geometry.thresholdMeV);
  const readFully = async (
    showers: Showers,
    doing: string,
    sparse: SparseShowers,
    isDigested: boolean = withDigests,
  ): Promise<ReadSet> => {
    const voxels = new VoxelSpectrum(edges, showers.count);
    const visit: VoxelVisitor = (event, energy, voxel) => {
      voxels.add(event, energy);
      sparse.add(event, energy, voxel);
    };
    const digest = isDigested ? contentDigest(showers) : undefined;
    const features = await read(showers, doing, { visit, ...(digest && { onVoxels: digest.add }) });
    return { features, voxels, digest: digest?.hex() };
  };
  const count = Math.min(
    CHOSEN_SHOWERS,
    generated.count,
    second ? Math.min(reference.count, second.count) : Math.floor(reference.count / 2),
  );
  const choose = (from: Showers, wanted: number, purpose: number): Uint32Array =>
    withChosen ? chooseEvents(from.count, wanted, seed, purpose) : new Uint32Array(0);
  const ofGenerated = choose(generated, count, PURPOSE.generated);
  const ofReference = choose(reference, second ? count : 2 * count, PURPOSE.reference);
  const ofSecond = second ? choose(second, count, PURPOSE.second) : undefined;
  const [sparse, sparseReference] = [new SparseShowers(ofGenerated), new SparseShowers(ofReference)];
  const sparseSecond = ofSecond ? new SparseShowers(ofSecond) : undefined;
  const real = await readFully(reference, `voxels of ${reference.label}`, sparseReference);
  const other =
    second && sparseSecond ? await readFully(second, `reading ${second.label}`, sparseSecond, false) : undefined;
  const made = await readFully(generated, `reading ${generated.label}`, sparse);
  const rows = Uint32Array.from({ length: 2 * count }, (_, row) => row);
  const [firstRows, otherRows] = [rows.subarray(0, count), rows.subarray(count)];
  return {
    generated: made,
    reference: real,
    second: other,
    chosen: withChosen
      ? {
          generated: { showers: sparse, rows: firstRows, events: ofGenerated },
          reference: { showers: sparseReference, rows: firstRows, events: ofReference },
          alike:
            sparseSecond && ofSecond
              ? { showers: sparseSecond, rows: firstRows, events: ofSecond }
              : { showers: sparseReference, rows: otherRows, events: ofReference },
        }
      : undefined,
  };
}

/** Digest of what a set is, whatever file it lies in: float32 energies, then float32 voxels, little-endian, no header. */
function contentDigest(showers: Showers): { add(voxels: Float32Array): void; hex(): string } {
  const hash = createHash("sha256");
  const add = (values: Float32Array): void => {
    hash.update(littleEndian(values));
  };
  add(Float32Array.from(showers.energyMeV));
  return { add, hex: () => hash.digest("hex") };
}

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function littleEndian(values: Float32Array): Buffer {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return IS_LITTLE_ENDIAN ? bytes : Buffer.from(bytes).swap32();
}
