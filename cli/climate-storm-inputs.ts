import type { Dataset, Variable } from "../core/index.ts";
import type { DetectStormsOptions, WarmCoreOptions } from "../thematic/climate/index.ts";
import { UsageError } from "./errors.ts";
import { pairs } from "./parameters.ts";

/** A variable, and its unit where the file does not state one. */
interface Field {
  readonly name: string;
  readonly unit?: string;
}

/** What `--var`, `--unit` and their like say. */
export interface StormInputChoice {
  readonly var: readonly string[];
  readonly unit: readonly string[];
  readonly timeUnit?: string | undefined;
  readonly calendar?: string | undefined;
  readonly maxHeight?: number | undefined;
  readonly warmCore?: "thickness" | "temperature" | undefined;
}

const INPUTS = ["pressure", "u", "v", "upper", "lower", "lower-u", "lower-v", "orography"] as const;
type Input = (typeof INPUTS)[number];

/** What is taken where nobody names a variable: names of CMIP and ECMWF, then CF standard names. */
const USUAL: Readonly<
  Record<"pressure" | "u" | "v", { readonly names: readonly string[]; readonly standard: RegExp }>
> = {
  pressure: { names: ["psl", "msl", "slp", "prmsl"], standard: /^air_pressure_at_(mean_)?sea_level$/ },
  u: { names: ["uas", "u10"], standard: /^eastward_wind$/ },
  v: { names: ["vas", "v10"], standard: /^northward_wind$/ },
};

/**
 * The fields that storms are found in. Wind is taken where it is there under a usual name, or is named.
 *
 * @throws `TWIN_USAGE` for inputs that there are not, or pairs of which one is missing; for no pressure.
 */
export function stormInputs(
  dataset: Dataset,
  choice: StormInputChoice,
): Pick<DetectStormsOptions, "u" | "v" | "orography" | "warmCore" | "lowerWind" | "times"> & {
  readonly pressure: Field;
} {
  const names = named(choice.var, "--var");
  const units = named(choice.unit, "--unit");
  const field = (input: Input): Field | undefined => {
    const name = names[input] ?? usual(dataset, input);
    const unit = units[input];
    if (name === undefined && unit !== undefined) {
      throw new UsageError(
        `--unit ${input}=${unit} is of an input that is not there. Name its variable: --var ${input}=name.`,
      );
    }
    return name === undefined ? undefined : { name, ...(unit !== undefined && { unit }) };
  };
  const pressure = field("pressure");
  if (!pressure) {
    const there = Object.values(dataset.variables).filter(({ dims }) => dims.length >= 3);
    throw new UsageError(
      `No variable is known as pressure at sea level (psl, msl, slp, prmsl, or by its standard name). Name it: --var pressure=${there[0]?.name ?? "name"}. There are: ${Object.keys(dataset.variables).join(", ")}.`,
    );
  }
  const pair = (a: Input, b: Input): readonly [Field, Field] | undefined => {
    const [first, second] = [field(a), field(b)];
    if (first && second) return [first, second];
    const given = first ? a : second ? b : undefined;
    // Of wind that nobody asked for, one component alone is no mistake.
    if (given === undefined || names[given] === undefined) return undefined;
    throw new UsageError(`--var ${given}=… needs ${given === a ? b : a} as well: --var ${given === a ? b : a}=name.`);
  };
  const wind = pair("u", "v");
  const core = pair("upper", "lower");
  const lowerWind = pair("lower-u", "lower-v");
  const height = field("orography");
  if (choice.warmCore !== undefined && !core) {
    throw new UsageError("--warm-core needs the two levels: --var upper=name --var lower=name.");
  }
  if (choice.maxHeight !== undefined && !height) {
    throw new UsageError("--max-height needs the height of the ground: --var orography=name.");
  }
  const warmCore: WarmCoreOptions | undefined =
    core && (choice.warmCore === "temperature" ? { temperature: core } : { thickness: core });
  return {
    pressure,
    ...(wind && { u: wind[0], v: wind[1] }),
    ...(warmCore && { warmCore }),
    ...(lowerWind && { lowerWind: { u: lowerWind[0], v: lowerWind[1] } }),
    ...(height && {
      orography: { field: height, ...(choice.maxHeight !== undefined && { maxHeight: choice.maxHeight }) },
    }),
    ...(choice.timeUnit !== undefined && {
      times: { unit: choice.timeUnit, ...(choice.calendar !== undefined && { calendar: choice.calendar }) },
    }),
  };
}

function named(given: readonly string[], option: string): Readonly<Partial<Record<Input, string>>> {
  const result = Object.fromEntries(pairs(given));
  const unknown = Object.keys(result).find((name) => !(INPUTS as readonly string[]).includes(name));
  if (unknown === undefined) return result;
  throw new UsageError(`${option}: there is no input "${unknown}". Inputs: ${INPUTS.join(", ")}.`);
}

function usual(dataset: Dataset, input: Input): string | undefined {
  if (input !== "pressure" && input !== "u" && input !== "v") return undefined;
  const { names, standard } = USUAL[input];
  const byName = names.find((name) => Object.hasOwn(dataset.variables, name));
  if (byName !== undefined) return byName;
  const alike = Object.values(dataset.variables).filter((variable) => isField(variable, standard));
  return alike.length === 1 ? alike[0]?.name : undefined;
}

function isField({ attributes, dims }: Variable, standard: RegExp): boolean {
  return standard.test(String(attributes["standard_name"] ?? "")) && dims.length === 3;
}
