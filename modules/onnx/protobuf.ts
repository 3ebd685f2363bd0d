import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** What a field may hold; asking for another kind than it has gives `undefined`, as protobuf ignores such fields. */
export interface Field {
  readonly number: number;
  /** A nested message, a text or bytes; a view. */
  readonly bytes: Uint8Array | undefined;
  /** A whole number; a signed one of 64 bits. */
  readonly integer: bigint | undefined;
}

/** How deep messages may lie in one another: branches of branches. Protobuf's own limit is 100. */
export const DEEPEST = 100;

/**
 * The fields of a message, in order. Copies nothing.
 *
 * @throws Error when the bytes are no message.
 */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === WireType.LengthDelimited) yield { number, bytes: reader.bytes(), integer: undefined };
    else if (type === WireType.Varint) yield { number, bytes: undefined, integer: BigInt(reader.int64()) };
    else {
      reader.skip(type, number);
      yield { number, bytes: undefined, integer: undefined };
    }
  }
}

/** The whole numbers of a repeated field, which may be packed. */
export function integersOf({ bytes, integer }: Field): readonly bigint[] {
  if (integer !== undefined) return [integer];
  if (bytes === undefined) return [];
  const reader = new BinaryReader(bytes);
  const integers: bigint[] = [];
  while (reader.pos < reader.len) integers.push(BigInt(reader.int64()));
  return integers;
}

const UTF8 = new TextDecoder();

/** A text; what is no UTF-8 becomes U+FFFD. */
export function textOf({ bytes }: Field): string {
  return bytes === undefined ? "" : UTF8.decode(bytes);
}
