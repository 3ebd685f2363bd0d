/** Files are padded to whole blocks. */
const BLOCK = 512;
/** Larger sizes do not fit the 11 octal digits of a header. */
const LARGEST_OCTAL = 8 ** 11;

/** A file in an archive. */
export interface TarEntry {
  /** Path with forward slashes, as it was written: not to be trusted. */
  readonly path: string;
  readonly bytes: number;
}

/**
 * The header of a file: 0644 or 0755, owner and times zero, so that equal content gives an equal archive. What does not fit the
 * ustar header stands in a pax header before it.
 *
 * @see Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header".
 */
export function tarHeader({ path, bytes, isExecutable }: TarEntry & { readonly isExecutable?: boolean }): Uint8Array {
  const name = Buffer.from(path);
  const mode = isExecutable ? "0000755" : "0000644";
  if (name.length <= 100 && bytes < LARGEST_OCTAL) return ustar(name, bytes, "0", mode);
  const records = Buffer.from([record("path", path), record("size", String(bytes))].join(""));
  const short = Buffer.from("pax");
  return Buffer.concat([
    ustar(short, records.length, "x"),
    records,
    tarPadding(records.length),
    ustar(name.subarray(0, 100), bytes < LARGEST_OCTAL ? bytes : 0, "0", mode),
  ]);
}

/** What follows the bytes of a file. */
export function tarPadding(bytes: number): Uint8Array {
  return new Uint8Array((BLOCK - (bytes % BLOCK)) % BLOCK);
}

/** The end of an archive. */
export const TAR_END: Uint8Array = new Uint8Array(2 * BLOCK);

/** A pax record: its length in front counts itself. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const length = Buffer.byteLength(rest);
  let total = length + String(length).length;
  if (length + String(total).length !== total) total = length + String(total).length;
  return `${total}${rest}`;
}

function ustar(name: Uint8Array, bytes: number, type: "0" | "x", mode = "0000644"): Uint8Array {
  const header = Buffer.alloc(BLOCK);
  header.set(name, 0);
  header.write(`${mode}\0`, 100);
  header.write("0000000\0", 108);
  header.write("0000000\0", 116);
  header.write(`${bytes.toString(8).padStart(11, "0")}\0`, 124);
  header.write("00000000000\0", 136);
  header.write(type, 156);
  header.write("ustar\u000000", 257);
  header.write(`${checksum(header).toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

/** Sum of the bytes, where the field itself counts as spaces. */
function checksum(header: Uint8Array): number {
  return header.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 0x20 : byte), 0);
}

/** Fills a buffer from a place in a file; fewer bytes at its end. */
export type ReadAt = (into: Uint8Array, position: number) => Promise<number>;

/** An archive is not what {@link readTar} reads; `message` says why. */
export class TarProblem extends Error {}

/**
 * The files of an archive, and where their bytes are. Folders are passed over.
 *
 * @throws {@link TarProblem} for what is damaged or cut off, and for links, devices and whatever else is no file.
 */
export async function* readTar(read: ReadAt): AsyncGenerator<TarEntry & { readonly position: number }> {
  let position = 0;
  let extended: ReadonlyMap<string, string> = new Map();
  for (;;) {
    const header = Buffer.alloc(BLOCK);
    if ((await read(header, position)) < BLOCK) throw new TarProblem(`it is cut off after ${position} bytes.`);
    if (header.every((byte) => byte === 0)) return;
    if (octal(header, 148, 8) !== checksum(header)) throw new TarProblem(`its header at byte ${position} is damaged.`);
    position += BLOCK;
    const type = String.fromCharCode(header[156] as number);
    const bytes = Number(extended.get("size") ?? octal(header, 124, 12));
    if (!Number.isSafeInteger(bytes) || bytes < 0) throw new TarProblem(`a size before byte ${position} is no number.`);
    if (type === "x" || type === "g") {
      if (bytes > 1 << 20) throw new TarProblem(`an extended header before byte ${position} is too long.`);
      const records = Buffer.alloc(bytes);
      await read(records, position);
      if (type === "x") extended = parseRecords(records);
    } else {
      const path = extended.get("path") ?? nameOf(header);
      extended = new Map();
      if (type === "0" || type === "\0") yield { path, bytes, position };
      else if (type !== "5") throw new TarProblem(`"${path}" is no file and no folder (type ${JSON.stringify(type)}).`);
    }
    position += bytes + tarPadding(bytes).length;
  }
}

function nameOf(header: Buffer): string {
  const isUstar = header.toString("latin1", 257, 262) === "ustar";
  const prefix = isUstar ? field(header, 345, 155) : "";
  return (prefix && `${prefix}/`) + field(header, 0, 100);
}

function field(header: Buffer, start: number, length: number): string {
  const end = header.indexOf(0, start);
  return header.toString("utf8", start, end < 0 ? start + length : Math.min(end, start + length));
}

function octal(header: Buffer, start: number, length: number): number {
  const digits = field(header, start, length).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

function parseRecords(bytes: Buffer): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let start = 0; start < bytes.length; ) {
    const space = bytes.indexOf(0x20, start);
    const length = Number(bytes.toString("latin1", start, space));
    if (space < 0 || !Number.isInteger(length) || length <= 0) throw new TarProblem("an extended header is damaged.");
    const [key = "", ...value] = bytes.toString("utf8", space + 1, start + length - 1).split("=");
    records.set(key, value.join("="));
    start += length;
  }
  return records;
}
