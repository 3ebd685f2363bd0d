import { UNDEFINED_ADDRESS, u8, u16, u32, u64 } from "./bytes.ts";
import { checksum } from "./checksum.ts";

/** A message of an object header. */
export interface Message {
  readonly type: number;
  readonly data: Buffer;
}

/** Numbers of message types. */
const DATASPACE = 0x01;
const LINK_INFO = 0x02;
const DATATYPE = 0x03;
const FILL_VALUE = 0x05;
const LINK = 0x06;
const LAYOUT = 0x08;
const GROUP_INFO = 0x0a;
const FILTERS = 0x0b;
const ATTRIBUTE = 0x0c;
const ATTRIBUTE_INFO = 0x15;

/** Most bytes of a message. */
export const MAX_MESSAGE_BYTES = 0xffff;

/**
 * Object header, version 2, in one piece; attributes keep their order of creation.
 *
 * @see Source: HDF5 File Format Specification 3.0, IV.A.1.b.
 */
export function objectHeader(messages: readonly Message[]): Buffer {
  const attributes = messages.filter(({ type }) => type === ATTRIBUTE).length;
  const all = [...messages, attributeInfo(attributes)];
  let order = 0;
  const body = Buffer.concat(
    all.flatMap(({ type, data }) => [u8(type), u16(data.length), u8(0), u16(type === ATTRIBUTE ? order++ : 0), data]),
  );
  // 0x02: the size has four bytes; 0x0c: order of creation of attributes is tracked and indexed.
  const header = Buffer.concat([Buffer.from("OHDR"), u8(2), u8(0x02 | 0x0c), u32(body.length), body]);
  return Buffer.concat([header, u32(checksum(header))]);
}

function attributeInfo(attributes: number): Message {
  const addresses = [u64(UNDEFINED_ADDRESS), u64(UNDEFINED_ADDRESS), u64(UNDEFINED_ADDRESS)];
  return { type: ATTRIBUTE_INFO, data: Buffer.concat([u8(0), u8(3), u16(attributes), ...addresses]) };
}

/** Superblock, version 2: readable by HDF5 1.8 and later. */
export function superblock(endOfFile: number, root: number): Buffer {
  const head = Buffer.concat([
    Buffer.from("\x89HDF\r\n\x1a\n", "latin1"),
    Buffer.from([2, 8, 8, 0]),
    u64(0),
    u64(UNDEFINED_ADDRESS),
    u64(endOfFile),
    u64(root),
  ]);
  return Buffer.concat([head, u32(checksum(head))]);
}

/** Bytes of {@link superblock}. */
export const SUPERBLOCK_BYTES = 48;

/** Messages that make a group; links keep their order of creation. */
export function groupMessages(links: number): Message[] {
  const addresses = [u64(UNDEFINED_ADDRESS), u64(UNDEFINED_ADDRESS), u64(UNDEFINED_ADDRESS)];
  return [
    { type: LINK_INFO, data: Buffer.concat([u8(0), u8(3), u64(links), ...addresses]) },
    { type: GROUP_INFO, data: Buffer.from([0, 0]) },
  ];
}

/** Where a link leads. */
export type LinkTarget =
  | { readonly kind: "hard"; readonly address: number }
  | { readonly kind: "soft"; readonly path: string }
  | { readonly kind: "external"; readonly file: string; readonly path: string };

/** A link of a group. @param order - Its order of creation. */
export function linkMessage(name: string, target: LinkTarget, order: number): Message {
  const [kind, info] = linkInfo(target);
  const text = Buffer.from(name, "utf8");
  // 0x01: the length of the name has two bytes; order, type and character set are given.
  const data = Buffer.concat([u8(1), u8(0x1d), u8(kind), u64(order), u8(1), u16(text.length), text, info]);
  return { type: LINK, data };
}

function linkInfo(target: LinkTarget): [number, Buffer] {
  switch (target.kind) {
    case "hard":
      return [0, u64(target.address)];
    case "soft": {
      const path = Buffer.from(target.path, "utf8");
      return [1, Buffer.concat([u16(path.length), path])];
    }
    case "external": {
      const value = Buffer.from(`\0${target.file}\0${target.path}\0`, "utf8");
      return [64, Buffer.concat([u16(value.length), value])];
    }
  }
}

/** Shape of a dataset or attribute. */
export interface Space {
  readonly shape: readonly number[];
  /** Axes that may grow without limit. */
  readonly unlimited?: readonly boolean[] | undefined;
}

/** Dataspace message, version 2. */
export function spaceBytes({ shape, unlimited }: Space): Buffer {
  const isGrowing = unlimited?.some((axis) => axis) ?? false;
  const max = isGrowing ? shape.map((length, axis) => u64(unlimited?.[axis] ? UNDEFINED_ADDRESS : length)) : [];
  const kind = shape.length === 0 ? 0 : 1;
  return Buffer.concat([Buffer.from([2, shape.length, isGrowing ? 1 : 0, kind]), ...shape.map(u64), ...max]);
}

/** Where the values of a dataset are. */
export type StoredLayout =
  | { readonly kind: "contiguous"; readonly address: number | undefined; readonly bytes: number }
  | {
      readonly kind: "chunked";
      readonly index: number | undefined;
      readonly chunkShape: readonly number[];
      readonly elementBytes: number;
      /** 0 for none; else shuffle and gzip of this level. */
      readonly compressionLevel: number;
    };

/** Messages that make a dataset. */
export function datasetMessages(type: Buffer, space: Space, layout: StoredLayout, fill?: Buffer): Message[] {
  const messages = [
    { type: DATASPACE, data: spaceBytes(space) },
    { type: DATATYPE, data: type },
    { type: FILL_VALUE, data: fillBytes(layout, fill) },
    { type: LAYOUT, data: layoutBytes(layout) },
  ];
  if (layout.kind === "chunked" && layout.compressionLevel > 0) {
    messages.push({ type: FILTERS, data: filterBytes(layout.elementBytes, layout.compressionLevel) });
  }
  return messages;
}

/** Version 3. Space is taken late (contiguous) or piece by piece (chunked). Without a fill value of its own: zeros. */
function fillBytes({ kind }: StoredLayout, fill: Buffer | undefined): Buffer {
  const flags = kind === "chunked" ? 0x0b : 0x0a;
  return fill ? Buffer.concat([Buffer.from([3, flags | 0x20]), u32(fill.length), fill]) : Buffer.from([3, flags]);
}

function layoutBytes(layout: StoredLayout): Buffer {
  if (layout.kind === "contiguous") {
    return Buffer.concat([u8(3), u8(1), u64(layout.address ?? UNDEFINED_ADDRESS), u64(layout.bytes)]);
  }
  const { index, chunkShape, elementBytes } = layout;
  return Buffer.concat([
    u8(3),
    u8(2),
    u8(chunkShape.length + 1),
    u64(index ?? UNDEFINED_ADDRESS),
    ...chunkShape.map(u32),
    u32(elementBytes),
  ]);
}

/** Filter pipeline, version 2: shuffle (2) where there is something to shuffle, then gzip (1). Flag 1: optional, as HDF5 itself sets it for both. */
function filterBytes(elementBytes: number, level: number): Buffer {
  const filter = (id: number, value: number): Buffer => Buffer.concat([u16(id), u16(1), u16(1), u32(value)]);
  const filters = [...(elementBytes > 1 ? [filter(2, elementBytes)] : []), filter(1, level)];
  return Buffer.concat([u8(2), u8(filters.length), ...filters]);
}

/** Attribute message, version 3, with its name in UTF-8. */
export function attributeMessage(name: string, type: Buffer, space: Space, data: Buffer): Message {
  const text = Buffer.from(`${name}\0`, "utf8");
  const shape = spaceBytes(space);
  const head = Buffer.concat([u8(3), u8(0), u16(text.length), u16(type.length), u16(shape.length), u8(1)]);
  return { type: ATTRIBUTE, data: Buffer.concat([head, text, type, shape, data]) };
}
