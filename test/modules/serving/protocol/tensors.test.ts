import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NdArray } from "../../../../core/index.ts";
import {
  decodeTensors,
  encodeTensors,
  type ReceivedTensor,
  type SentTensor,
} from "../../../../modules/serving/protocol/tensors.ts";
import { anyArray, contentOf, DTYPES } from "./arrays.ts";

/** A tensor as the peer gets it: lengths become digits. */
function received(tensors: readonly SentTensor[]): readonly ReceivedTensor[] {
  return tensors.map((tensor) => ({ ...tensor, shape: tensor.shape.map(String) }));
}

/** The same bytes, `by` bytes into a memory of their own. */
function shifted(bytes: Uint8Array, by: number): Uint8Array {
  const memory = new Uint8Array(bytes.byteLength + by);
  memory.set(bytes, by);
  return memory.subarray(by);
}

const codeOf = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return "nothing was thrown";
};

const raw = (datatype: string, shape: readonly string[], bytes: Uint8Array) => () =>
  decodeTensors([{ name: "x", datatype, shape }], [bytes]);

describe("tensors with raw contents", () => {
  it.each(DTYPES)("bring any %s array, aligned or not", (dtype) => {
    fc.assert(
      fc.property(
        fc.array(anyArray(dtype), { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 0, max: 9 }),
        (arrays, by) => {
          const sent = Object.fromEntries(arrays.map((array, index) => [`tensor ${index}`, array]));
          const { tensors, raw } = encodeTensors(sent);
          const got = decodeTensors(
            received(tensors),
            raw.map((bytes) => shifted(bytes, by)),
          );
          expect(Object.keys(got)).toEqual(Object.keys(sent));
          for (const [name, array] of Object.entries(sent)) {
            expect(contentOf(got[name] as NdArray)).toEqual(contentOf(array));
          }
        },
      ),
      { numRuns: 150, seed: 6 },
    );
  });

  it("are little-endian and row-major, strings with their length before them", () => {
    const rows = new NdArray(Int16Array.of(1, 2, 3, 4, 5, 258), { dtype: "int16", shape: [3, 2], dims: ["a", "b"] });
    const { tensors, raw } = encodeTensors({
      turned: rows.transpose(["b", "a"]),
      half: new NdArray(Float32Array.of(1, -2), { dtype: "float16", shape: [2] }),
      text: new NdArray(["é", ""], { dtype: "string", shape: [2] }),
    });
    expect(tensors).toEqual([
      { name: "turned", datatype: "INT16", shape: [2, 3] },
      { name: "half", datatype: "FP16", shape: [2] },
      { name: "text", datatype: "BYTES", shape: [2] },
    ]);
    expect(raw.map((bytes) => bytes.toString("hex"))).toEqual([
      "010003000500" + "020004000201",
      "003c" + "00c0",
      "02000000c3a9" + "00000000",
    ]);
  });

  it("keep the bits of a NaN", () => {
    const bits = Uint32Array.of(0x7fc12345, 0xff800001);
    const array = new NdArray(new Float32Array(bits.buffer), { dtype: "float32", shape: [2] });
    const { tensors, raw } = encodeTensors({ array });
    const { data } = decodeTensors(received(tensors), raw)["array"] as NdArray<"float32">;
    expect(new Uint32Array(data.buffer, data.byteOffset, 2)).toEqual(bits);
  });

  it("are sent without a copy where they lie row-major", () => {
    const array = new NdArray(new Float32Array(12), { dtype: "float32", shape: [3, 4] }).slice({ dim_0: { start: 1 } });
    const [bytes] = encodeTensors({ array }).raw;
    expect(bytes?.buffer).toBe(array.data.buffer);
    expect([bytes?.byteOffset, bytes?.byteLength]).toEqual([16, 32]);
  });

  it("keep at most twice their size of a message alive, and are views where that allows it", () => {
    const message = new Uint8Array(1000);
    const shapes = { most: 600, half: 500, less: 496, few: 8 };
    for (const [name, length] of Object.entries(shapes)) {
      const bytes = message.subarray(1000 - length);
      const [array] = Object.values(
        decodeTensors([{ name, datatype: "FP32", shape: [String(length / 4)] }], [bytes]),
      ) as [NdArray<"float32">];
      expect(array.data.buffer === message.buffer, name).toBe(length >= 500);
      expect(array.data.buffer.byteLength, name).toBeLessThanOrEqual(2 * length);
    }
  });

  it("take a name that objects have of themselves", () => {
    const got = decodeTensors([{ name: "__proto__", datatype: "BOOL", shape: ["1"] }], [Uint8Array.of(1)]);
    expect(Object.entries(got).map(([name, array]) => [name, array.at(0)])).toEqual([["__proto__", true]]);
  });

  it("may be empty, whatever the other lengths are", () => {
    const [array] = Object.values(raw("FP64", ["9007199254740991", "0"], new Uint8Array(0))());
    expect([array?.shape, array?.size]).toEqual([[9007199254740991, 0], 0]);
  });
});

describe("tensors that are refused", () => {
  const bytes = (length: number): Uint8Array => new Uint8Array(length);
  const text = (...words: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(words).buffer);

  it.each([
    ["too few bytes", raw("FP32", ["2", "3"], bytes(20)), /"x" \(FP32, shape \[2,3\]\) has 20 bytes; 24 were expected/],
    ["too many bytes", raw("INT64", ["1"], bytes(16)), /16 bytes; 8 were/],
    ["bytes for no element", raw("FP32", ["0", "5"], bytes(4)), /4 bytes; 0 were/],
    ["BF16", raw("BF16", ["1"], bytes(2)), /"BF16", which is not taken. There are: BOOL, .*, FP16, FP32/],
    ["no datatype", raw("", ["1"], bytes(2)), /datatype ""/],
    ["a negative length", raw("FP32", ["-1"], bytes(4)), /shape \[-1\]; lengths must be integers of 0 or more/],
    ["a length that no number holds", raw("FP32", ["9223372036854775807"], bytes(4)), /lengths must be/],
    ["a product beyond all", raw("UINT8", ["4294967296", "4294967296"], bytes(0)), /more elements than can be/],
    ["a product that wraps to 0", raw("UINT8", Array(8).fill("65536"), bytes(0)), /more elements than can be/],
    ["a product beyond all beside 0", raw("UINT8", ["0", "9007199254740991", "2"], bytes(0)), /more elements/],
    ["very many axes", raw("UINT8", Array(65).fill("1"), bytes(1)), /65 axes; at most 64/],
    ["a third boolean", raw("BOOL", ["2"], Uint8Array.of(1, 2)), /byte 2 at 1; only 0 and 1/],
    ["strings that cannot be so many", raw("BYTES", ["1000000"], text(0)), /4 bytes, too few for 1000000 elements/],
    ["a string that goes on", raw("BYTES", ["1"], text(5)), /ends inside element 0/],
    ["a string of 4 GiB", raw("BYTES", ["1"], text(0xffffffff)), /ends inside element 0/],
    ["a string that is not there", raw("BYTES", ["2"], text(4, 0)), /ends before element 1/],
    ["more strings than said", raw("BYTES", ["1"], text(0, 0)), /4 bytes after its last element/],
    ["no UTF-8", raw("BYTES", ["1"], Uint8Array.of(1, 0, 0, 0, 0xff)), /element 0 is no UTF-8/],
    [
      "a name twice",
      () =>
        decodeTensors(
          [1, 2].map(() => ({ name: "x", datatype: "UINT8", shape: ["1"] })),
          [bytes(1), bytes(1)],
        ),
      /"x" is there twice/,
    ],
    ["no name", () => decodeTensors([{ datatype: "UINT8", shape: ["1"] }], [bytes(1)]), /Tensor 0 has no name/],
    [
      "fewer raw contents than tensors",
      () =>
        decodeTensors(
          [
            { name: "x", shape: [] },
            { name: "y", shape: [] },
          ],
          [bytes(1)],
        ),
      /2 tensors came with 1 raw contents/,
    ],
    ["raw contents without tensors", () => decodeTensors([], [bytes(1)]), /0 tensors came with 1 raw/],
  ])("%s", (_, run, message) => {
    expect(run).toThrow(message);
    expect(codeOf(run)).toBe("TWIN_WIRE_INVALID");
  });

  it("a lone surrogate, when it is sent", () => {
    const array = new NdArray(["a", "\ud800"], { dtype: "string", shape: [2] });
    expect(() => encodeTensors({ names: array })).toThrow(/Tensor "names": element 1 has a lone surrogate/);
  });

  it("are told from those that are good, whatever comes: an array of the shape, or the one error", () => {
    const tensor = fc.record({
      name: fc.constantFrom("x", "y", ""),
      datatype: fc.constantFrom("FP32", "FP16", "BOOL", "BYTES", "INT64", "BF16", ""),
      shape: fc.array(fc.constantFrom("0", "1", "2", "-1", "3", "9223372036854775807"), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(
        fc.array(tensor, { maxLength: 3 }),
        fc.array(fc.uint8Array({ maxLength: 24 }), { maxLength: 3 }),
        (tensors, contents) => {
          let arrays: Readonly<Record<string, NdArray>>;
          try {
            arrays = decodeTensors(tensors, contents);
          } catch (error) {
            expect(error).toMatchObject({ code: "TWIN_WIRE_INVALID" });
            return;
          }
          expect(Object.values(arrays).map(({ shape }) => shape.map(String))).toEqual(
            tensors.map(({ shape }) => shape),
          );
        },
      ),
      { numRuns: 3000, seed: 60 },
    );
  });
});
