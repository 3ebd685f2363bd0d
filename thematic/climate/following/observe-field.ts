import { NdArray, RandomStream, type StreamEvent } from "../../../core/index.ts";
import type { FieldSeries } from "./read-field.ts";
import type { StationNetwork } from "./stations.ts";

/** Random numbers of the errors of observations. */
const OBSERVING = 0x434c_0010;

/** The events that stations would send of a field in some years: one a step. Errors are a function of seed, step and station. */
export function* observeField(
  field: FieldSeries,
  {
    network,
    years,
    seed,
    source = "stations",
  }: {
    readonly network: StationNetwork;
    readonly years: readonly number[];
    readonly seed: bigint;
    readonly source?: string | undefined;
  },
): Generator<StreamEvent> {
  const places = field.places.length;
  const stream = new RandomStream({ seed, id: 0n, purpose: OBSERVING });
  let sequence = 0n;
  for (const [i, step] of field.steps.entries()) {
    if (!years.includes(field.axis.year[i] as number)) continue;
    stream.restart(BigInt(step));
    const values = Float64Array.from(
      network.places,
      (place, station) =>
        (field.values[i * places + place] as number) + (network.stations[station]?.error as number) * stream.normal(),
    );
    yield {
      ...{ source, sequence, id: BigInt(step), run: "", conditions: {} },
      timeNs: BigInt(Math.round((step + 0.5) * field.stepDays * 86_400)) * 1_000_000_000n,
      tensors: { values: new NdArray(values, { dtype: "float64", shape: [values.length], dims: ["station"] }) },
    };
    sequence++;
  }
}
