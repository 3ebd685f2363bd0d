import { promisify } from "node:util";
import { constants, deflate, inflateSync } from "node:zlib";

const compress = promisify(deflate);
const BYTES = Float32Array.BYTES_PER_ELEMENT;
/** As connectors compress where nothing else is asked for. */
const LEVEL = 4;

/** Voxels as HDF5's filters shuffle and gzip store them. */
export async function compressVoxels(values: Float32Array): Promise<Buffer> {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const shuffled = Buffer.allocUnsafe(bytes.length);
  for (let byte = 0, to = 0; byte < BYTES; byte++) {
    for (let from = byte; from < bytes.length; from += BYTES) shuffled[to++] = bytes[from] as number;
  }
  return await compress(shuffled, { level: LEVEL });
}

/**
 * Undoes {@link compressVoxels}.
 *
 * @param length - Number of voxels that there must be.
 * @throws `RangeError` when there are others; zlib's error for damaged bytes.
 */
export function expandVoxels(bytes: Uint8Array, length: number): Float32Array {
  const shuffled = inflateSync(bytes, { maxOutputLength: length * BYTES, finishFlush: constants.Z_FINISH });
  if (shuffled.length !== length * BYTES)
    throw new RangeError(`A chunk has ${shuffled.length} bytes, not ${length * BYTES}.`);
  const values = new Float32Array(length);
  const plain = new Uint8Array(values.buffer);
  for (let byte = 0, from = 0; byte < BYTES; byte++) {
    for (let to = byte; to < plain.length; to += BYTES) plain[to] = shuffled[from++] as number;
  }
  return values;
}
