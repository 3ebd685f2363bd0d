import {
  type Attributes,
  type AttributeValue,
  type Dataset,
  type DatasetInit,
  dataset,
  decodeHalves,
  encodeHalves,
  NdArray,
  type Variable,
} from "../../core/index.ts";

/** A dataset with all values read, independent of where it came from. */
export async function copyDataset(
  source: Dataset,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<Dataset> {
  return dataset(await copyGroup(source, options));
}

async function copyGroup(
  source: Dataset,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<DatasetInit> {
  const variables: [string, { array: NdArray; attributes: Attributes; storage: Variable["storage"] }][] = [];
  for (const [name, variable] of Object.entries(source.variables)) {
    options.signal?.throwIfAborted();
    const array = copyArray((await variable.read({}, options)).withUnit(variable.unit));
    variables.push([name, { array, attributes: copyAttributes(variable.attributes), storage: variable.storage }]);
  }
  const groups: [string, DatasetInit][] = [];
  for (const [name, group] of Object.entries(source.groups)) groups.push([name, await copyGroup(group, options)]);
  return {
    dims: source.dims,
    variables: Object.fromEntries(variables),
    attributes: copyAttributes(source.attributes),
    groups: Object.fromEntries(groups),
  };
}

/** As a writer of half precision would, float16 is rounded to halves. */
function copyArray(array: NdArray): NdArray {
  const { dtype, shape, dims, unit, fillValue } = array;
  const values = array.values();
  const data = dtype === "float16" ? decodeHalves(encodeHalves(values as Float32Array)) : values.slice();
  return new NdArray(data, { dtype, shape, dims, unit, fillValue });
}

function copyAttributes(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, copyAttribute(value)]));
}

/** As from a file: scalars are JavaScript values, 64-bit integers numbers where they are safe. */
function copyAttribute(value: AttributeValue): AttributeValue {
  const plain = value instanceof NdArray && value.shape.length === 0 ? value.at() : value;
  if (plain instanceof NdArray) return copyArray(plain);
  return typeof plain === "bigint" && Number.isSafeInteger(Number(plain)) ? Number(plain) : plain;
}
