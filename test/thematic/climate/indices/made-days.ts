import { type Attributes, type Dataset, dataset, findVariable, NdArray } from "../../../../core/index.ts";

/** A dataset of daily series from 2001-01-01 on, at one place unless the values say otherwise. */
export function madeDays(
  series: Readonly<Record<string, readonly number[]>>,
  how: {
    readonly units?: Readonly<Record<string, string>>;
    readonly attributes?: Readonly<Record<string, Attributes>>;
    readonly calendar?: string;
    readonly since?: string;
    readonly step?: number;
    readonly dtype?: "float32" | "float64";
  } = {},
): Dataset {
  const { units = {}, attributes = {}, calendar = "noleap", since = "2001-01-01", step = 1, dtype = "float64" } = how;
  const length = Object.values(series)[0]?.length ?? 0;
  const times = Float64Array.from({ length }, (_, i) => i * step);
  const variables = Object.entries(series).map(([name, values]) => {
    const data = dtype === "float64" ? Float64Array.from(values) : Float32Array.from(values);
    const unit = units[name] ?? (name.startsWith("pr") ? "mm/day" : "degC");
    return [
      name,
      {
        array: new NdArray(data, { dtype, shape: [length], dims: ["time"], unit }),
        attributes: attributes[name] ?? {},
      },
    ] as const;
  });
  return dataset({
    variables: {
      time: {
        array: new NdArray(times, { dtype: "float64", shape: [length], dims: ["time"], unit: `days since ${since}` }),
        attributes: { calendar },
      },
      ...Object.fromEntries(variables),
    },
  });
}

/** Days of one value, with other values at some of them. */
export function days(length: number, value: number, others: Readonly<Record<number, number>> = {}): readonly number[] {
  return Array.from({ length }, (_, day) => others[day] ?? value);
}

/** All values of a variable. */
export async function numbersOf(data: Dataset, name: string): Promise<readonly number[]> {
  return [...(await findVariable(data, name).read()).toFloat64()];
}
