import {
  areConvertible,
  convertUnits,
  findOutside,
  type Generator,
  InvalidArgumentError,
  OutOfDomainError,
  type ValidityRange,
} from "../../../core/index.ts";
import { NoSimulatorError } from "../errors.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";

const ENERGY = "incident_energy";
const ABSORBER = "absorber_thickness";

/** What an electron's shower depends on here, with the unit that a calorimeter has it in. */
const CONDITIONS: Readonly<Record<string, string>> = { [ENERGY]: "MeV", [ABSORBER]: "mm" };

/** @throws `TWIN_NO_SIMULATOR` for a generator of something else than showers in this geometry. */
export function checkGenerator(generator: Generator, geometry: CalorimeterGeometry): void {
  const output = generator.outputs["showers"];
  if (output?.dtype !== "float32" || String(output.shape) !== String(geometry.shape)) {
    const made = Object.entries(generator.outputs).map(([name, { dtype, shape }]) => `${name}, ${dtype}, [${shape}]`);
    throw new NoSimulatorError(
      `Generator "${generator.model}" makes ${made.join("; ")}; geometry "${geometry.name}" needs showers, float32, [layer, alpha, r] = [${geometry.shape}].`,
    );
  }
  if (output.unit !== "MeV") {
    throw new NoSimulatorError(
      `Generator "${generator.model}" makes showers in ${output.unit ?? "no stated unit"}; they must be in MeV (the entry \`unit\` of its graph, after its steps).`,
    );
  }
  const other = differences(generator, geometry);
  if (other.length > 0) {
    throw new NoSimulatorError(
      `Generator "${generator.model}" stands for another calorimeter than geometry "${geometry.name}": ${other.join("; ")}.`,
    );
  }
}

/**
 * The conditions that a generator asks for, each in its unit.
 *
 * @param wanted - `absorberMm`: the geometry's where it is not given.
 * @throws `TWIN_NO_SIMULATOR` for a generator that has other conditions; `TWIN_OUT_OF_DOMAIN`; `TWIN_INVALID_ARGUMENT` for
 *   an absorber that a generator without this condition does not stand for.
 */
export function conditionsFor(
  { model, validity }: Generator,
  geometry: CalorimeterGeometry,
  { energyMeV, absorberMm }: { readonly energyMeV: Float64Array; readonly absorberMm: number | undefined },
): Readonly<Record<string, Float64Array>> {
  const nominalMm = absorberOf(geometry);
  if (absorberMm !== undefined && !(absorberMm > 0 && absorberMm < Number.POSITIVE_INFINITY)) {
    throw new InvalidArgumentError(`absorberMm is ${absorberMm}; it must be a positive number.`);
  }
  if (absorberMm !== undefined && absorberMm !== nominalMm && !Object.hasOwn(validity, ABSORBER)) {
    throw new InvalidArgumentError(
      `${model} stands for an absorber of ${nominalMm} mm (geometry "${geometry.name}") and has no condition "${ABSORBER}"; got absorberMm ${absorberMm}. Leave it out, or use a model that has it.`,
    );
  }
  const unusable = Object.entries(validity).filter(
    ([name, { unit }]) => !(CONDITIONS[name] !== undefined && areConvertible(unit, CONDITIONS[name])),
  );
  if (unusable.length > 0 || !Object.hasOwn(validity, ENERGY)) {
    const has = Object.entries(validity).map(([name, { unit }]) => `${name} (${unit})`);
    throw new NoSimulatorError(
      `Generator "${model}" has the conditions ${has.join(", ") || "none"}; a calorimeter gives "${ENERGY}" (MeV), which it must have, and "${ABSORBER}" (mm).`,
    );
  }
  const values: Readonly<Record<string, Float64Array>> = {
    [ENERGY]: energyMeV,
    [ABSORBER]: new Float64Array(energyMeV.length).fill(absorberMm ?? nominalMm),
  };
  return Object.fromEntries(
    Object.entries(validity).map(([name, range]) => {
      const converted = inUnit(values[name] as Float64Array, CONDITIONS[name] as string, range);
      checkRange(model, name, converted, range);
      return [name, converted];
    }),
  );
}

/** Thickness of the absorber of one stack, mm. */
export function absorberOf({ slabs }: CalorimeterGeometry): number {
  return slabs.filter(({ role }) => role === "passive").reduce((sum, { thicknessMm }) => sum + thicknessMm, 0);
}

function checkRange(model: string, condition: string, values: Float64Array, range: ValidityRange): void {
  const index = findOutside(values, range);
  if (index < 0) return;
  throw new OutOfDomainError({ what: model, condition, value: values[index] as number, ...range, index });
}

function inUnit(values: Float64Array, from: string, { unit }: ValidityRange): Float64Array {
  const { scale, offset } = convertUnits(from, unit);
  if (scale === 1 && offset === 0) return values;
  // Rounded to 15 digits, so that 1.6 mm is 0.16 cm, the end of a range, and not 0.16000000000000003 cm.
  return values.map((value) => Number((value * scale + offset).toPrecision(15)));
}

/** In what the facts of a generator contradict a geometry; what they do not tell is not compared. */
function differences({ facts }: Generator, geometry: CalorimeterGeometry): readonly string[] {
  const stated = facts?.["geometry"];
  if (typeof stated !== "object" || stated === null || Array.isArray(stated)) return [];
  const [layers, alphas] = geometry.shape;
  const known: Readonly<Record<string, number | readonly number[]>> = {
    layers,
    alpha_bins: alphas,
    r_edges_mm: [...geometry.rEdgesMm],
    layer_depth_mm: geometry.layerMm,
  };
  return Object.entries(known).flatMap(([entry, ours]) => {
    const theirs = (stated as Readonly<Record<string, unknown>>)[entry];
    return theirs === undefined || isClose(theirs, ours) ? [] : [`${entry} is ${String(theirs)}, not ${String(ours)}`];
  });
}

/** Equal but for the rounding of decimal numbers. */
function isClose(a: unknown, b: number | readonly number[]): boolean {
  if (typeof b === "number") return typeof a === "number" && Math.abs(a - b) <= 1e-6 * Math.abs(b);
  return Array.isArray(a) && a.length === b.length && b.every((each, i) => a[i] === each || isClose(a[i], each));
}
