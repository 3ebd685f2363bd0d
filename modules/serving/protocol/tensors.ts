import { type DataOf, type DType, NdArray } from "../../../core/index.ts";
import { WireError } from "../errors.ts";
import { DATATYPES, type Datatype, datatypeOf, dtypeOf } from "./datatypes.ts";
import type { InferTensorContents } from "./messages.ts";
import { decodeRaw, type ElementsHeader, encodeRaw } from "./raw-contents.ts";
import { decodeTyped, filledFields } from "./typed-contents.ts";

/** A tensor of a request or response, as it is received. */
export interface ReceivedTensor {
  readonly name?: string;
  readonly datatype?: string;
  /** Lengths as digits. */
  readonly shape: readonly string[];
  readonly contents?: InferTensorContents;
}

/** A tensor as it is sent; its elements go beside it, raw. */
export interface SentTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: number[];
}

/** More axes than any array has; numpy's limit, too. */
const MOST_AXES = 64;

/**
 * The tensors of a message as arrays, by name.
 *
 * Ownership: an array may be a view of the message's memory, of which it then is at least half, so whoever keeps an array
 * keeps at most twice its size alive; a message belongs to the call that it came in, and nobody writes to it.
 *
 * @param tensors - Names, datatypes and shapes, and contents where they travel typed.
 * @param raw - The elements of each tensor in their order, little-endian and row-major; empty where contents are typed.
 * @throws `TWIN_WIRE_INVALID` when names are missing or occur twice, a datatype is unknown, a shape is no shape, elements
 *   are not as many as the shape needs, or raw and typed contents are mixed.
 */
export function decodeTensors(
  tensors: readonly ReceivedTensor[],
  raw: readonly Uint8Array[],
): Readonly<Record<string, NdArray>> {
  if (raw.length > 0 && raw.length !== tensors.length) {
    throw new WireError(
      `${tensors.length} tensors came with ${raw.length} raw contents; there must be one for each, in the same order.`,
    );
  }
  const names = new Set<string>();
  // Not by assignment: a peer may call a tensor "__proto__".
  return Object.fromEntries(
    tensors.map((tensor, index) => {
      const name = nameOf(tensor, index);
      if (names.has(name)) throw new WireError(`Tensor "${name}" is there twice; each name must occur once.`);
      names.add(name);
      return [name, decodeTensor(tensor, { name, raw: raw[index] })];
    }),
  );
}

/**
 * Arrays as tensors with raw contents. Bytes are views of the arrays where these lie row-major; nobody may write to an
 * array until they are sent.
 *
 * @throws `TWIN_WIRE_INVALID` when a string has a lone surrogate, which UTF-8 cannot carry.
 */
export function encodeTensors(arrays: Readonly<Record<string, NdArray>>): {
  readonly tensors: SentTensor[];
  readonly raw: Buffer[];
} {
  const named = Object.entries(arrays);
  return {
    tensors: named.map(([name, { dtype, shape }]) => ({ name, datatype: datatypeOf(dtype), shape: [...shape] })),
    raw: named.map(([name, array]) => encodeRaw(array, `Tensor "${name}"`)),
  };
}

function nameOf({ name }: ReceivedTensor, index: number): string {
  if (!name) throw new WireError(`Tensor ${index} has no name.`);
  return name;
}

function decodeTensor(
  tensor: ReceivedTensor,
  { name, raw }: { readonly name: string; readonly raw: Uint8Array | undefined },
): NdArray {
  const header = readHeader(tensor, `Tensor "${name}"`);
  const { dtype, shape } = header;
  if (raw && tensor.contents && filledFields(tensor.contents).length > 0) {
    throw new WireError(
      `${header.what} has typed contents in a message with raw ones; send all tensors of a message one way.`,
    );
  }
  const data: DataOf<DType> = raw ? decodeRaw(raw, header) : decodeTyped(tensor.contents, header);
  return new NdArray(data, { dtype, shape });
}

function readHeader(tensor: ReceivedTensor, what: string): ElementsHeader {
  const datatype = tensor.datatype ?? "";
  const dtype = dtypeOf(datatype);
  if (!dtype) {
    throw new WireError(
      `${what} is of datatype "${datatype}", which is not taken. There are: ${DATATYPES.join(", ")}.`,
    );
  }
  const { shape, size } = readShape(tensor.shape, what);
  return { what, datatype: datatypeOf(dtype), dtype, shape, size };
}

function readShape(
  digits: readonly string[],
  what: string,
): { readonly shape: readonly number[]; readonly size: number } {
  if (digits.length > MOST_AXES) {
    throw new WireError(`${what} has ${digits.length} axes; at most ${MOST_AXES} are taken.`);
  }
  const shape = digits.map(Number);
  const text = `[${digits.join(", ")}]`;
  if (!shape.every((length) => Number.isSafeInteger(length) && length >= 0)) {
    throw new WireError(`${what} has the shape ${text}; lengths must be integers of 0 or more.`);
  }
  // Lengths of 0 are left out here: beside one, all others could be anything.
  const reach = shape.reduce((product, length) => product * Math.max(length, 1), 1);
  if (reach > Number.MAX_SAFE_INTEGER) throw new WireError(`${what} has the shape ${text}, more elements than can be.`);
  return { shape, size: shape.includes(0) ? 0 : reach };
}
