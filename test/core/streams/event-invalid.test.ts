import { describe, expect, it } from "vitest";
import {
  decodeEvent,
  EVENT_LIMITS,
  EventInvalidError,
  type EventTensor,
  encodeEvent,
  NdArray,
  nonZero,
  RandomStream,
} from "../../../core/index.ts";
import { plain, sampleEvent } from "./event-samples.ts";

/** Bytes of a text of hexadecimal digits and ASCII: `"12 'ab"` is 0x12 and the bytes of "ab". */
function bytes(...parts: readonly (string | Uint8Array)[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part.replaceAll(" ", ""), "hex") : part)),
  );
}

/** A field with a length and bytes. */
function field(number: number, ...parts: readonly (string | Uint8Array)[]): Uint8Array {
  const content = bytes(...parts);
  return bytes(varint((number << 3) | 2), varint(content.length), content);
}

function varint(value: number): Uint8Array {
  const digits: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) digits.push((rest % 128) | 128);
  return Uint8Array.of(...digits, rest);
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const SOURCE = field(2, text("s"));
const NAME = field(1, text("a"));
const FLOAT32 = "100a";
/** An event with one tensor of these fields after its name. */
const tensor = (...parts: readonly (string | Uint8Array)[]): Uint8Array => bytes(SOURCE, field(7, NAME, ...parts));
const shape = (...lengths: readonly number[]): Uint8Array => field(3, ...lengths.map(varint));

function problemOf(message: Uint8Array): string {
  try {
    decodeEvent(message);
  } catch (error) {
    expect(error).toBeInstanceOf(EventInvalidError);
    return (error as EventInvalidError).message.replace("This is no event: ", "");
  }
  return "it is an event";
}

describe("what the bytes of an event must be", () => {
  const cases: Readonly<Record<string, readonly [Uint8Array, string]>> = {
    "nothing at all": [bytes(), "source is missing; an event has the name of who made it (byte 0)."],
    "no source": [bytes("0801"), "source is missing; an event has the name of who made it (byte 2)."],
    "the end within a tag": [bytes(SOURCE, "88"), "it ends within a number (byte 4)."],
    "the end within a number": [bytes(SOURCE, "08ff"), "sequence ends within a number (byte 5)."],
    "the end within 8 bytes": [bytes(SOURCE, "19 010203"), "id should have 8 bytes, and 3 are left (byte 4)."],
    "a length past the end": [bytes("12 05", text("abc")), "source should be 5 bytes long, and 3 are left (byte 1)."],
    "a length of 2^53": [
      bytes("12 ffffffffffffff0f"),
      "source should be 9007199254740991 bytes long, and 0 are left (byte 1).",
    ],
    "a number of 11 bytes": [
      bytes("08 8080808080808080808001", SOURCE),
      "sequence is a number of more than 10 bytes (byte 1).",
    ],
    "a number of 65 bits": [
      bytes("08 80808080808080808002", SOURCE),
      "sequence is a number of more than 64 bits (byte 1).",
    ],
    "an unknown number of 11 bytes": [
      bytes("f807 8080808080808080808001"),
      "it is a number of more than 10 bytes (byte 2).",
    ],
    "a group": [
      bytes("8301 8401", SOURCE),
      "it has field 16 of wire type 3; groups are not taken, and 6 and 7 are not defined (byte 2).",
    ],
    "wire type 7": [
      bytes("8701", SOURCE),
      "it has field 16 of wire type 7; groups are not taken, and 6 and 7 are not defined (byte 2).",
    ],
    "field number 0": [bytes("00", SOURCE), "it has a field whose number is not of 1 to 536870911 (byte 0)."],
    "field number 2^29": [bytes("8080808010 00"), "it has a field whose number is not of 1 to 536870911 (byte 0)."],
    "another wire type": [bytes(SOURCE, "1801"), "id has wire type 0, which is not its own (byte 3)."],
    "a source that is no UTF-8": [field(2, "c328"), "source is no UTF-8 (byte 2)."],
    "a long source": [field(2, text("x".repeat(1025))), "source has 1025 bytes; 1024 are the most (byte 1)."],
    "a condition without a name": [
      bytes(SOURCE, field(6, "11 0000000000000000")),
      "conditions has a number without a name (byte 4).",
    ],
    "an infinite condition": [
      bytes(SOURCE, field(6, NAME, "11 000000000000f07f")),
      'conditions["a"] is Infinity; a number, or NaN where it is not known, is needed (byte 4).',
    ],
    "a condition of another wire type": [
      bytes(SOURCE, field(6, NAME, "1001")),
      "conditions has field 2 with wire type 0, which is not its own (byte 8).",
    ],
    "a tensor without a name": [
      bytes(SOURCE, field(7, FLOAT32, field(4, "00000000"))),
      "tensors[0].name is missing (byte 4).",
    ],
    "a tensor without a type": [
      tensor(field(4, "00")),
      "tensors[0].dtype is missing; there are INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64, FLOAT32, FLOAT64 (byte 4).",
    ],
    "a type that is not there": [
      tensor("1009"),
      "tensors[0].dtype is 9; there are INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64, FLOAT32, FLOAT64 (byte 9).",
    ],
    "a negative type": [
      tensor("10 ffffffffffffffffff01"),
      "tensors[0].dtype is -1; there are INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64, FLOAT32, FLOAT64 (byte 9).",
    ],
    "two tensors of a name": [
      bytes(tensor(FLOAT32, field(4, "00000000")), field(7, NAME, FLOAT32, field(4, "00000000"))),
      'tensors[1].name is "a", as of another tensor; names must differ (byte 17).',
    ],
    "a tensor without elements": [
      tensor(FLOAT32),
      "tensors[0] has no elements; dense or sparse must be there (byte 4).",
    ],
    "a negative length": [
      tensor("18 ffffffffffffffffff01"),
      "tensors[0].shape has a length of -1; an integer of 0 to 2^53 - 1 is needed (byte 9).",
    ],
    "lengths whose product is too large": [
      tensor(FLOAT32, shape(2 ** 30, 2 ** 30), field(4)),
      "tensors[0].shape [1073741824,1073741824] has more elements than can be (byte 4).",
    ],
    "65 axes": [
      tensor(FLOAT32, shape(...Array<number>(65).fill(1))),
      "tensors[0].shape has more than 64 axes, the most (byte 76).",
    ],
    "a shape that ends within a number": [
      tensor(FLOAT32, "1a0180", field(4)),
      "tensors[0].shape ends within a number (byte 13).",
    ],
    "bytes that do not fit the shape": [
      tensor(FLOAT32, shape(2, 3), field(4, "00000000")),
      "tensors[0].dense has 4 bytes; FLOAT32 of shape [2,3] needs 24 (byte 16).",
    ],
    "a tensor past the end of its message": [
      bytes(SOURCE, "3a 05", NAME, "22 04 00"),
      "tensors[0].dense should be 4 bytes long, and 0 are left (byte 9).",
    ],
    "2^40 elements in 20 bytes": [
      tensor(FLOAT32, shape(2 ** 40), field(5)),
      "tensors[0].shape makes 1099511627776 elements of a sparse tensor; all of an event together may make 4194304 (byte 4).",
    ],
    "2^23 elements in two tensors": [
      bytes(tensor(FLOAT32, shape(2 ** 22), field(5)), field(7, field(1, text("b")), FLOAT32, shape(1), field(5))),
      "tensors[1].shape makes 1 elements of a sparse tensor; all of an event together may make 4194304 (byte 19).",
    ],
    "an index outside of the tensor": [
      tensor(FLOAT32, shape(9), field(5, field(1, "09"), field(2, "0000803f"))),
      "tensors[0].sparse.indices[0] is 9; the tensor has 9 elements (byte 4).",
    ],
    "an index beyond all": [
      tensor(FLOAT32, shape(9), field(5, field(1, "80808002"))),
      "tensors[0].sparse.indices has the index 4194304; a sparse tensor has at most 4194304 elements (byte 17).",
    ],
    "indices that do not ascend": [
      tensor("1001", shape(9), field(5, field(1, "0403"), field(2, "0101"))),
      "tensors[0].sparse.indices[1] is 3 after 4; indices must ascend, each once (byte 4).",
    ],
    "an index that is there twice": [
      tensor("1001", shape(9), field(5, field(1, "0404"), field(2, "0101"))),
      "tensors[0].sparse.indices[1] is 4 after 4; indices must ascend, each once (byte 4).",
    ],
    "values that are not as many as indices": [
      tensor(FLOAT32, shape(9), field(5, field(1, "0102"), field(2, "0000803f"))),
      "tensors[0].sparse.values has 4 bytes; 2 of FLOAT32 need 8 (byte 21).",
    ],
  };
  it.for(Object.entries(cases))("%s", ([, [message, problem]]) => {
    expect(problemOf(message)).toBe(problem);
  });

  it("has at most so many conditions and tensors", () => {
    const condition = field(6, NAME);
    const many = (part: Uint8Array, count: number): Uint8Array[] => Array<Uint8Array>(count).fill(part);
    expect(problemOf(bytes(SOURCE, ...many(condition, EVENT_LIMITS.conditions)))).toBe("it is an event");
    expect(problemOf(bytes(SOURCE, ...many(condition, EVENT_LIMITS.conditions + 1)))).toMatch(
      /^conditions are more than 4096, the most/,
    );
    const tensors = Array.from({ length: EVENT_LIMITS.tensors + 1 }, (_, index) =>
      field(7, field(1, text(`t${index}`)), "1001", field(4, "00")),
    );
    expect(problemOf(bytes(SOURCE, ...tensors.slice(1)))).toBe("it is an event");
    expect(problemOf(bytes(SOURCE, ...tensors))).toMatch(/^tensors\[1024\] is one of more than 1024, the most/);
  });

  it("tells field and byte", () => {
    expect.assertions(1);
    try {
      decodeEvent(tensor(FLOAT32, shape(2), field(4, "00")));
    } catch (error) {
      expect((error as EventInvalidError).place).toEqual({ path: "tensors[0].dense", offset: 15 });
    }
  });
});

describe("what protocol buffers allow", () => {
  it("skips unknown fields of every kind, wherever they are", () => {
    const unknown = bytes("a00601", "a106 0102030405060708", field(100, text("new")), "a506 01020304");
    const message = bytes(
      unknown,
      SOURCE,
      unknown,
      field(6, unknown, NAME, unknown),
      field(7, unknown, NAME, FLOAT32, shape(2), field(5, unknown)),
    );
    const event = decodeEvent(message);
    expect(event).toMatchObject({ source: "s", conditions: { a: 0 } });
    expect(event.tensors["a"]?.values()).toEqual(new Float32Array(2));
  });

  it("takes the last of a field, and of a condition", () => {
    const event = decodeEvent(
      bytes("0805", SOURCE, "0807", field(2, text("t")), field(6, NAME, "11 000000000000f03f"), field(6, NAME)),
    );
    expect(event).toMatchObject({ source: "t", sequence: 7n, conditions: { a: 0 } });
  });

  it("takes lengths and indices packed and one by one, and a sparse tensor in parts", () => {
    const message = tensor(
      "1001",
      "1802",
      shape(3),
      field(5, "0801", field(2, "07")),
      field(5, field(1, "0304"), "0805", field(2, "07080905")),
    );
    expect(decodeEvent(message).tensors["a"]?.values()).toEqual(Int8Array.of(0, 7, 0, 8, 9, 5));
  });

  it("leaves out the zeros of a sparse tensor", () => {
    const message = tensor(
      FLOAT32,
      shape(6),
      field(5, field(1, "01020405"), field(2, "00000000 0000803f 00000080 00000000")),
    );
    const { a } = decodeEvent(message).tensors;
    expect(nonZero(a as EventTensor)).toMatchObject({ places: Uint32Array.of(2, 4), elements: Float32Array.of(1, -0) });
    expect(a?.values()).toEqual(Float32Array.of(0, 0, 1, 0, -0, 0));
    const longs = decodeEvent(
      tensor("1004", shape(2), field(5, field(1, "0001"), field(2, "00".repeat(8), "05", "00".repeat(7)))),
    );
    expect(nonZero(longs.tensors["a"] as EventTensor)).toMatchObject({
      places: Uint32Array.of(1),
      elements: BigInt64Array.of(5n),
    });
  });

  it("takes indices of one byte, two and more side by side", () => {
    const indices = "00 7f 8001 ff7f 808001 818001";
    const { a } = decodeEvent(
      tensor("1001", shape(20_000), field(5, field(1, indices), field(2, "010203040506"))),
    ).tensors;
    expect(nonZero(a as EventTensor)).toMatchObject({
      places: Uint32Array.of(0, 127, 128, 16_383, 16_384, 16_385),
      elements: Int8Array.of(1, 2, 3, 4, 5, 6),
    });
  });

  it("takes the last of dense and sparse", () => {
    const dense = field(4, "0102");
    const sparse = field(5, field(1, "01"), field(2, "05"));
    expect(decodeEvent(tensor("1001", shape(2), dense, sparse)).tensors["a"]?.values()).toEqual(Int8Array.of(0, 5));
    expect(decodeEvent(tensor("1001", shape(2), sparse, dense)).tensors["a"]?.values()).toEqual(Int8Array.of(1, 2));
    expect(decodeEvent(tensor("1001", shape(2), sparse, dense, sparse)).tensors["a"]?.values()).toEqual(
      Int8Array.of(0, 5),
    );
  });

  it("takes tags and lengths that are longer than they need be", () => {
    expect(decodeEvent(bytes("9200 8100", text("s")))).toMatchObject({ source: "s" });
  });

  it("takes names that every object has", () => {
    const named = field(1, text("__proto__"));
    const event = decodeEvent(
      bytes(SOURCE, field(6, named, "11 000000000000f03f"), field(7, named, "1001", field(4, "05"))),
    );
    expect(Object.entries(event.conditions)).toEqual([["__proto__", 1]]);
    expect(Object.keys(event.tensors)).toEqual(["__proto__"]);
    expect(plain(decodeEvent(encodeEvent(event)))).toEqual(plain(event));
  });
});

describe("what cannot be sent", () => {
  const cases: readonly (readonly [string, object, string])[] = [
    ["no source", { source: "" }, "source is missing; an event has the name of who made it."],
    ["a lone surrogate", { run: "\ud800" }, "run has a lone surrogate, which UTF-8 cannot hold."],
    ["a long run", { run: "é".repeat(600) }, "run has 1200 bytes; 1024 are the most."],
    ["a negative sequence", { sequence: -1n }, "sequence is -1; 0 to 18446744073709551615 can be."],
    ["a sequence that is no bigint", { sequence: 1 }, "sequence is a number; a bigint is needed."],
    [
      "a time after 2262",
      { timeNs: 2n ** 63n },
      "timeNs is 9223372036854775808; -9223372036854775808 to 9223372036854775807 can be.",
    ],
    [
      "an infinite condition",
      { conditions: { a: Number.NEGATIVE_INFINITY } },
      'conditions["a"] is -Infinity; a number, or NaN where it is not known, is needed.',
    ],
    ["a condition without a name", { conditions: { "": 1 } }, 'conditions[""] has no name.'],
    [
      "a tensor without a name",
      { tensors: { "": new NdArray(new Int8Array(1), { dtype: "int8", shape: [] }) } },
      "tensors[0].name has no name.",
    ],
  ];
  it.for(cases)("%s", ([, change, problem]) => {
    expect(() => encodeEvent({ ...sampleEvent(), ...change })).toThrow(`This is no event: ${problem}`);
  });

  it("leaves the writer as it was: the next event is whole", () => {
    const bad = { a: new NdArray(["x"], { dtype: "string", shape: [1] }) as never };
    expect(() => encodeEvent({ ...sampleEvent(), tensors: bad })).toThrow(EventInvalidError);
    expect(plain(decodeEvent(encodeEvent(sampleEvent())))).toEqual(plain(sampleEvent()));
  });
});

describe("20,000 damaged messages", () => {
  it("are refused as no event, or are one", () => {
    const random = new RandomStream({ seed: 5n, id: 0n });
    const original = encodeEvent(sampleEvent());
    const below = (limit: number): number => random.uint32() % limit;
    let refused = 0;
    const count = 20_000;
    for (let run = 0; run < count; run++) {
      let message = Uint8Array.from(original);
      for (let change = below(4); change >= 0; change--) message = damage(message, below);
      try {
        const event = decodeEvent(message);
        // It is one, so it can be sent on, and comes back the same.
        expect(plain(decodeEvent(encodeEvent(event)))).toEqual(plain(event));
      } catch (error) {
        if (!(error instanceof EventInvalidError)) throw error;
        refused++;
      }
    }
    // Most damage shows, and some only changes a value.
    expect(refused).toBeGreaterThan(count / 2);
    expect(refused).toBeLessThan(count);
  });
});

function damage(message: Uint8Array<ArrayBuffer>, below: (limit: number) => number): Uint8Array<ArrayBuffer> {
  const at = below(message.length + 1);
  switch (below(5)) {
    case 0:
      return message.slice(0, at);
    case 1:
      return Uint8Array.from([
        ...message.subarray(0, at),
        ...message.subarray(Math.min(message.length, at + 1 + below(8))),
      ]);
    case 2:
      return Uint8Array.from([...message.subarray(0, at), below(256), ...message.subarray(at)]);
    case 3: {
      const from = below(message.length + 1);
      return Uint8Array.from([
        ...message.subarray(0, at),
        ...message.subarray(from, from + below(20)),
        ...message.subarray(at),
      ]);
    }
    default:
      if (at < message.length) message[at] = [0, 1, 127, 128, 255, below(256)][below(6)] as number;
      return message;
  }
}
