import { fileURLToPath } from "node:url";
import { createTwin, type Dataset, dataset, NdArray } from "../../../core/index.ts";
import { hdf5 } from "../../../modules/hdf5/index.ts";

/** 200 showers of full simulation, in the repository. */
export const SAMPLE: string = fileURLToPath(new URL("../../../examples/data/showers-sample.h5", import.meta.url));

/** Showers of the sample as datasets in memory, `[start, stop)` each. */
export async function sampleParts(...ranges: readonly (readonly [number, number])[]): Promise<Dataset[]> {
  await using twin = await createTwin({ name: "sample", plugins: { files: hdf5() } });
  await using file = await twin.files.open(SAMPLE);
  const energies = await file.variables["incident_energies"]?.read();
  const showers = await file.variables["showers"]?.read();
  if (!energies || !showers) throw new Error("The sample is not what it was.");
  const { attributes } = file;
  return ranges.map(([start, stop]) =>
    dataset({
      attributes,
      variables: {
        incident_energies: energies.slice({ [energies.dims[0] as string]: { start, stop } }),
        showers: showers.slice({ [showers.dims[0] as string]: { start, stop } }),
      },
    }),
  );
}

/** A dataset in CaloChallenge's layout from plain numbers. */
export function showerFile(energies: readonly number[], voxels: Float32Array, width = 6480): Dataset {
  return dataset({
    variables: {
      incident_energies: new NdArray(Float64Array.from(energies), { dtype: "float64", shape: [energies.length, 1] }),
      showers: new NdArray(voxels, { dtype: "float32", shape: [voxels.length / width, width] }),
    },
  });
}
