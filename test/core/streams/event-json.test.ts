import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeEvent,
  decodeMessage,
  EventInvalidError,
  encodeEvent,
  eventFromJson,
  eventToJson,
  RandomStream,
  type StreamEvent,
} from "../../../core/index.ts";
import peer from "../../fixtures/events/python-protobuf.json" with { type: "json" };
import { events, PeerEvent, plain, sampleEvent } from "./event-samples.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const through = (json: unknown): unknown => JSON.parse(JSON.stringify(json));

describe("an event as JSON", () => {
  it("comes back to the bit, through text", () => {
    fc.assert(
      fc.property(events, (event) => {
        expect(plain(eventFromJson(through(eventToJson(event))))).toEqual(plain(event));
      }),
      { numRuns: 300, seed: 9 },
    );
  });

  it("comes back from numbers, too, save for what a NaN carries", () => {
    fc.assert(
      fc.property(events, (event) => {
        const back = eventFromJson(through(eventToJson(event, { numbers: true })));
        // toEqual tells -0 from 0, and no NaN from another.
        expect(withValues(back)).toEqual(withValues(event));
      }),
      { numRuns: 300, seed: 10 },
    );
  });

  it("is the JSON of protocol buffers", () => {
    const event = sampleEvent();
    const json = eventToJson(event);
    expect(json).toEqual({
      source: "testbeam/ecal",
      sequence: "300",
      id: "81985529216486895",
      run: "run-17",
      timeNs: "1795334400123456789",
      conditions: { incidentEnergyMev: 50_000, temperatureK: "NaN" },
      tensors: [
        {
          name: "showers",
          dtype: "FLOAT32",
          shape: [2, 3, 4],
          sparse: { indices: [3, 4, 20], values: "AADAPwAAEMBvEoM6" },
        },
        { name: "trigger", dtype: "UINT16", shape: [3], dense: "AQACAAMA" },
      ],
    });
    expect(plain(decodeEvent(PeerEvent.encode(PeerEvent.fromObject(json)).finish()))).toEqual(plain(event));
    const theirs = PeerEvent.decode(encodeEvent(event)).toJSON();
    expect(plain(eventFromJson(theirs))).toEqual(plain(event));
  });

  it("has numbers for people", () => {
    expect(eventToJson(sampleEvent(), { numbers: true }).tensors).toEqual([
      {
        name: "showers",
        dtype: "FLOAT32",
        shape: [2, 3, 4],
        sparse: { indices: [3, 4, 20], values: [1.5, -2.25, 0.001] },
      },
      { name: "trigger", dtype: "UINT16", shape: [3], dense: [1, 2, 3] },
    ]);
  });

  it("takes integers as numbers where they are exact, names as in event.proto, and null for what is not there", () => {
    const event = eventFromJson({ source: "s", sequence: 7, id: "12", time_ns: -5, run: null, tensors: null });
    expect(event).toEqual({ source: "s", sequence: 7n, id: 12n, timeNs: -5n, run: "", conditions: {}, tensors: {} });
  });

  it.for([
    [
      "nested",
      {
        dense: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      },
      [3, 2],
    ],
    [
      "nested, and with its shape",
      {
        shape: [3, 2],
        dense: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      },
      [3, 2],
    ],
    ["in a row", { shape: ["3", 2], dense: [1, 2, 3, 4, "5", "6e0"] }, [3, 2]],
    ["in a row without a shape", { dense: [1, 2, 3, 4, 5, 6] }, [6]],
    ["sparse", { shape: [6], sparse: { indices: [0, 1, 2, 3, "4", 5], values: [1, 2, 3, 4, 5, 6] } }, [6]],
  ] as const)("takes numbers %s", ([, tensor, shape]) => {
    const { a } = eventFromJson({ source: "s", tensors: [{ name: "a", dtype: "FLOAT64", ...tensor }] }).tensors;
    expect(a).toMatchObject({ dtype: "float64", shape, size: 6 });
    expect(a?.values()).toEqual(Float64Array.of(1, 2, 3, 4, 5, 6));
  });

  it("shows no more of a long text than is needed", () => {
    const long = "x".repeat(100_000);
    const tensors = [1, 2].map(() => ({ name: long, dtype: "INT8", dense: [1] }));
    for (const json of [
      { source: "s", [long]: 1 },
      { source: "s", conditions: { [long]: 1 } },
      { source: "s", conditions: { [long]: "hot" } },
      { source: "s", tensors },
      { source: "s", tensors: [{ name: "a", dtype: long, dense: [1] }] },
      { source: "s", tensors: [{ name: "a", dtype: [long], dense: [1] }] },
      { source: "s", sequence: long },
      { source: "s", tensors: [{ name: "a", dtype: "INT8", dense: [1], [long]: 1 }] },
    ]) {
      expect(() => eventFromJson(json)).toThrow(
        expect.toSatisfy(({ code, message }) => code === "TWIN_EVENT_INVALID" && message.length < 250),
      );
    }
  });

  it("takes one number without axes, numbers that JSON lacks, and a type by its number", () => {
    const tensor = (dtype: unknown, dense: unknown): unknown =>
      eventFromJson({ source: "s", tensors: [{ name: "a", dtype, dense }] }).tensors["a"]?.values();
    expect(tensor(4, -5)).toEqual(BigInt64Array.of(-5n));
    expect(tensor("INT64", ["-9223372036854775808", 5])).toEqual(BigInt64Array.of(-(2n ** 63n), 5n));
    expect(tensor("FLOAT32", ["NaN", "-Infinity", "-0", 0.1])).toEqual(
      Float32Array.of(Number.NaN, Number.NEGATIVE_INFINITY, -0, 0.1),
    );
  });

  it("takes base64 of either alphabet, with and without padding", () => {
    for (const dense of ["+/8=", "+/8", "-_8", "-_8="]) {
      const { tensors } = eventFromJson({ source: "s", tensors: [{ name: "a", dtype: "UINT8", shape: [2], dense }] });
      expect(tensors["a"]?.values()).toEqual(Uint8Array.of(0xfb, 0xff));
    }
  });
});

describe("what the JSON of an event must be", () => {
  const tensor = (change: object): object => ({ source: "s", tensors: [{ name: "a", dtype: "INT8", ...change }] });
  const deep = JSON.parse(`${"[".repeat(70)}1${"]".repeat(70)}`) as unknown;
  it.for([
    [[], "it is an array; an object is needed."],
    [{}, "source is missing; an event has the name of who made it."],
    [{ source: 5 }, "source is 5; a text is needed."],
    [
      { source: "s", squence: 5 },
      "squence is unknown; there are source, sequence, id, run, timeNs, conditions, tensors.",
    ],
    [{ source: "s", timeNs: 1, time_ns: 1 }, "time_ns is there twice, by two spellings."],
    [
      { source: "s", sequence: 2 ** 53 },
      "sequence is 9007199254740992; an integer is needed, as a text of digits beyond ±(2^53 - 1).",
    ],
    [{ source: "s", sequence: -1 }, "sequence is -1; 0 to 18446744073709551615 can be."],
    [{ source: "s", id: "0x10" }, 'id is "0x10"; an integer is needed, as a text of digits beyond ±(2^53 - 1).'],
    [{ source: "s", id: "99999999999999999999" }, "id is 99999999999999999999; 0 to 18446744073709551615 can be."],
    [
      { source: "s", conditions: { t: "Infinity" } },
      'conditions["t"] is Infinity; a number, or NaN where it is not known, is needed.',
    ],
    [
      { source: "s", conditions: { t: null } },
      'conditions["t"] is null; a number or "NaN", "Infinity", "-Infinity" is needed.',
    ],
    [{ source: "s", conditions: [1] }, "conditions is an array; an object is needed."],
    [{ source: "s", tensors: {} }, "tensors is an object; an array is needed."],
    [
      tensor({ dtype: "float32", dense: 1 }),
      'tensors[0].dtype is "float32"; there are INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64, FLOAT32, FLOAT64.',
    ],
    [tensor({}), "tensors[0] has no elements; dense or sparse must be there."],
    [tensor({ dense: 1, sparse: {} }), "tensors[0] has both; dense or sparse must be there."],
    [tensor({ dense: [[1, 2], [3]] }), "tensors[0].dense[1] is not of length 2, as the first beside it."],
    [tensor({ dense: [1, [2]] }), "tensors[0].dense[1] is an array; a number is needed, as beside it."],
    [tensor({ dense: [128] }), "tensors[0].dense[0] is 128, which is no INT8."],
    [
      tensor({ dense: [1.5] }),
      "tensors[0].dense[0] is 1.5; an integer is needed, as a text of digits beyond ±(2^53 - 1).",
    ],
    [tensor({ dtype: "FLOAT32", dense: [1e39] }), "tensors[0].dense[0] is 1e+39, which is no FLOAT32."],
    [tensor({ dtype: "UINT64", dense: ["-1"] }), "tensors[0].dense[0] is -1, which is no UINT64."],
    [
      tensor({
        shape: [2, 3],
        dense: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      }),
      "tensors[0].dense has numbers of shape [3,2]; [2,3] is needed, or 6 in a row.",
    ],
    [tensor({ dense: deep }), "tensors[0].dense has more than 64 axes, the most."],
    [tensor({ shape: [3], dense: "AAA=" }), "tensors[0].dense has 2 elements of INT8; 3 are needed."],
    [tensor({ shape: [3], dense: "A*A=" }), "tensors[0].dense is no base64."],
    [tensor({ shape: [-1], dense: "" }), "tensors[0].shape has a length of -1; an integer of 0 or more is needed."],
    [
      tensor({ shape: [2 ** 40], sparse: {} }),
      "tensors[0].shape makes 1099511627776 elements of a sparse tensor; all of an event together may make 4194304.",
    ],
    [
      tensor({ shape: [3], sparse: { indices: [3], values: [1] } }),
      "tensors[0].sparse.indices[0] is 3; the tensor has 3 elements.",
    ],
    [
      tensor({ shape: [3], sparse: { indices: [1, 1], values: [1, 1] } }),
      "tensors[0].sparse.indices[1] is 1 after 1; indices must ascend, each once.",
    ],
    [
      tensor({ shape: [3], sparse: { indices: [1], values: [1, 1] } }),
      "tensors[0].sparse.values has 2 elements of INT8; 1 are needed.",
    ],
    [
      {
        source: "s",
        tensors: [
          { name: "a", dtype: "INT8", dense: 1 },
          { name: "a", dtype: "INT8", dense: 1 },
        ],
      },
      'tensors[1].name is "a", as of another tensor; names must differ.',
    ],
  ] as const)("%j", ([json, problem]) => {
    expect(() => eventFromJson(json)).toThrow(
      new EventInvalidError(problem.split(" ").slice(1).join(" ").slice(0, -1), {
        path: problem.split(" ")[0] === "it" ? "" : (problem.split(" ")[0] as string),
      }),
    );
  });
});

describe("a message", () => {
  it("is told by its first byte, whether it is JSON or binary", () => {
    const event = sampleEvent();
    const json = JSON.stringify(eventToJson(event), null, 2);
    for (const space of ["", " ", "\n", "\r\n", "\t "]) {
      expect(plain(decodeMessage(text(space + json)))).toEqual(plain(event));
    }
    expect(plain(decodeMessage(encodeEvent(event)))).toEqual(plain(event));
  });

  it("is never binary when it begins as JSON does", () => {
    // What a binary event begins with is a tag: those of these bytes are of fields 1 and 4 with another type, and a group.
    for (const first of ["\t", "\n", "\r", " ", "{"]) {
      const binary = Buffer.concat([text(first), encodeEvent(sampleEvent())]);
      expect(() => decodeEvent(binary)).toThrow(/wire type [0-5]/);
      expect(() => decodeMessage(binary)).toThrow("This is no event: it is no JSON: ");
    }
  });

  it.for([
    ["no UTF-8", Buffer.from("7b22c3287d", "hex")],
    ["a part of a text", text('{"source": "s"')],
    ["nothing but space", text(" \n")],
    ["deep", text(`{"a":${"[".repeat(100_000)}`)],
  ] as const)("that is %s is no JSON", ([, message]) => {
    expect(() => decodeMessage(message)).toThrow("This is no event: it is no JSON: ");
  });

  it("that is damaged JSON is refused, or is an event", () => {
    const random = new RandomStream({ seed: 6n, id: 0n });
    const original = text(JSON.stringify(eventToJson(sampleEvent(), { numbers: true })));
    const parts = ['"', "{", "[", "]", ",", "-", "9", "e9", "null", "1e999"].map(text);
    let refused = 0;
    for (let run = 0; run < 5_000; run++) {
      const at = random.uint32() % original.length;
      const part = parts[random.uint32() % parts.length] as Uint8Array;
      const message = Buffer.concat([original.subarray(0, at), part, original.subarray(at + (random.uint32() % 4))]);
      try {
        const event = decodeMessage(message);
        expect(plain(decodeEvent(encodeEvent(event)))).toEqual(plain(event));
      } catch (error) {
        if (!(error instanceof EventInvalidError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(2_500);
    expect(refused).toBeLessThan(5_000);
  });
});

describe("Python's protobuf", () => {
  it("reads what is written here, binary and JSON", () => {
    const event = sampleEvent();
    expect(Buffer.from(encodeEvent(event)).toString("hex")).toBe(peer.read.binary);
    expect(eventToJson(event)).toEqual(peer.read.json);
    expect(plain(eventFromJson(peer.read.binaryAsJson))).toEqual(plain(event));
    expect(plain(decodeEvent(Buffer.from(peer.read.jsonAsBinary, "hex")))).toEqual(plain(event));
  });

  it.for(peer.written)("writes $what, which is read here", ({ binary, json }) => {
    const event = decodeEvent(Buffer.from(binary, "hex"));
    expect(plain(event)).toEqual(plain(eventFromJson(json)));
  });
});

/** With the values of tensors, whether they came sparse or dense. */
function withValues({ tensors, ...event }: StreamEvent): unknown {
  const values = Object.entries(tensors).map(([name, array]) => [name, [array.dtype, array.shape, array.values()]]);
  return { ...event, tensors: new Map(values as [string, unknown][]) };
}
