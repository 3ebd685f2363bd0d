import { type Attributes, type AttributeValue, NdArray } from "../../../core/index.ts";
import { type StoredAttribute, shownAttributes } from "../attribute-types.ts";
import { nameOf, textOf } from "../text.ts";
import { type ClassicType, classicType } from "./types.ts";
import { arrayOf, swapInPlace } from "./values.ts";

/** What the header of a classic file says. */
export interface ClassicHeader {
  readonly version: 1 | 2 | 5;
  /** Number of records; `undefined` where only the size of the file tells. */
  readonly records: number | undefined;
  readonly dimensions: readonly ClassicDimension[];
  readonly attributes: Attributes;
  readonly variables: readonly ClassicVariableHeader[];
}

/** A dimension; the unlimited one has no length of its own. */
export interface ClassicDimension {
  readonly name: string;
  readonly length: number;
  readonly unlimited: boolean;
}

/** A variable as the header has it. The size that it states is not kept: it is often wrong, and never needed. */
export interface ClassicVariableHeader {
  readonly name: string;
  readonly type: ClassicType;
  /** Numbers of its dimensions. */
  readonly dimensions: readonly number[];
  readonly attributes: Attributes;
  /** Position of its first element. */
  readonly begin: number;
}

/** The bytes at hand end before the header does. */
export class HeaderTooShort extends Error {}

/** The bytes are no sound header; the message continues "Cannot open …: ". */
export class BadHeader extends Error {}

const DIMENSION = 0x0a;
const VARIABLE = 0x0b;
const ATTRIBUTE = 0x0c;
const CHAR = "char";
/** Stands for a number of records that nobody has written: the file was being made by a stream. */
const STREAMING = { 1: 0xffff_ffffn, 2: 0xffff_ffffn, 5: 0xffff_ffff_ffff_ffffn } as const;

/** Whether bytes begin as those of a classic file do. */
export function classicVersion(head: Uint8Array): 1 | 2 | 5 | undefined {
  const isClassic = head[0] === 0x43 && head[1] === 0x44 && head[2] === 0x46;
  const version = head[3];
  return isClassic && (version === 1 || version === 2 || version === 5) ? version : undefined;
}

/**
 * Reads a header from the first bytes of a file.
 *
 * @throws {@link HeaderTooShort} when more bytes are needed; {@link BadHeader}.
 * @see Source: NetCDF Users Guide, "NetCDF Classic Format"; CDF-5: PnetCDF, "CDF-5 File Format Specification".
 */
export function parseHeader(bytes: Buffer): ClassicHeader {
  const version = classicVersion(bytes);
  if (version === undefined) throw new BadHeader("it is no classic NetCDF file.");
  const reader = new HeaderReader(bytes, version);
  const stored = reader.count();
  const records = stored === STREAMING[version] ? undefined : safe(stored, "number of records");
  const dimensions = reader.list(DIMENSION, "dimensions", () => {
    const name = reader.name();
    const length = safe(reader.count(), `length of dimension "${name}"`);
    return { name, length, unlimited: length === 0 };
  });
  if (dimensions.filter(({ unlimited }) => unlimited).length > 1) {
    throw new BadHeader("it has two unlimited dimensions; the classic format has one at most.");
  }
  const attributes = reader.attributes();
  const variables = reader.list(VARIABLE, "variables", () => readVariable(reader, dimensions));
  checkNames("dimensions", dimensions);
  checkNames("variables", variables);
  return { version, records, dimensions, attributes, variables };
}

function readVariable(reader: HeaderReader, dimensions: readonly ClassicDimension[]): ClassicVariableHeader {
  const name = reader.name();
  const rank = safe(reader.count(), `number of dimensions of "${name}"`);
  const ids: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const id = safe(reader.count(), `dimension ${axis} of "${name}"`);
    const dimension = dimensions[id];
    if (dimension === undefined) throw new BadHeader(`"${name}" has dimension ${id}; there are ${dimensions.length}.`);
    if (dimension.unlimited && axis > 0) throw new BadHeader(`"${name}" has the unlimited dimension not first.`);
    ids.push(id);
  }
  const attributes = reader.attributes();
  const type = reader.type(name);
  reader.count(); // its size, as somebody computed it
  return { name, type, dimensions: ids, attributes, begin: reader.begin() };
}

/** Two of one name would hide each other. */
function checkNames(what: string, items: readonly { readonly name: string }[]): void {
  const names = new Set<string>();
  for (const { name } of items) {
    if (names.has(name)) throw new BadHeader(`it has two ${what} "${name}".`);
    names.add(name);
  }
}

function safe(value: bigint, what: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new BadHeader(`the ${what} is ${value}, beyond all reason.`);
  return number;
}

class HeaderReader {
  readonly #bytes: Buffer;
  readonly #version: 1 | 2 | 5;
  #at = 4;

  constructor(bytes: Buffer, version: 1 | 2 | 5) {
    this.#bytes = bytes;
    this.#version = version;
  }

  /** A count, length, size or number of a dimension: 64 bits in CDF-5, else 32. */
  count(): bigint {
    return this.#version === 5 ? this.#take(8).readBigUInt64BE() : BigInt(this.#take(4).readUInt32BE());
  }

  begin(): number {
    const value = this.#version === 1 ? BigInt(this.#take(4).readUInt32BE()) : this.#take(8).readBigUInt64BE();
    return safe(value, "position of a variable");
  }

  name(): string {
    return nameOf(this.#padded(safe(this.count(), "length of a name")));
  }

  type(of: string): ClassicType {
    const number = this.#take(4).readUInt32BE();
    const type = classicType(number, this.#version);
    if (type === undefined) throw new BadHeader(`"${of}" is of type ${number}, which CDF-${this.#version} has not.`);
    return type;
  }

  list<T>(tag: number, what: string, item: () => T): T[] {
    const found = this.#take(4).readUInt32BE();
    const length = safe(this.count(), `number of ${what}`);
    if (found !== tag && (found !== 0 || length > 0)) throw new BadHeader(`its list of ${what} begins with ${found}.`);
    const items: T[] = [];
    // What is claimed may be anything; each takes bytes, and those end.
    for (let i = 0; i < length; i++) items.push(item());
    return items;
  }

  attributes(): Attributes {
    const stored = this.list(ATTRIBUTE, "attributes", (): StoredAttribute => {
      const name = this.name();
      return { name, value: this.#attributeValue(name) };
    });
    checkNames("attributes", stored);
    return shownAttributes(stored);
  }

  #attributeValue(name: string): AttributeValue {
    const { name: typeName, dtype, bytes } = this.type(name);
    const count = safe(this.count(), `length of attribute "${name}"`);
    const stored = this.#padded(count * bytes);
    if (typeName === CHAR) return textOf(stored);
    const own = new Uint8Array(stored);
    swapInPlace(own, bytes);
    return new NdArray(arrayOf(own.buffer, dtype), { dtype, shape: [count] });
  }

  /** Bytes that are followed by padding up to a multiple of four. */
  #padded(length: number): Buffer {
    return this.#take(Math.ceil(length / 4) * 4).subarray(0, length);
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new HeaderTooShort();
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}
