import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeEvent,
  EVENT_LIMITS,
  type EventTensor,
  encodeEvent,
  NdArray,
  nonZero,
  type SparseArray,
  type StreamEvent,
} from "../../../core/index.ts";
import { readRepositoryFile } from "../../architecture/repository.ts";
import { DTYPES, events, PeerEvent, peerReads, plain, sampleEvent } from "./event-samples.ts";

describe("the binary form of an event", () => {
  it("gives any event back, to the bit", () => {
    fc.assert(
      fc.property(events, (event) => {
        expect(plain(decodeEvent(encodeEvent(event)))).toEqual(plain(event));
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it("is read by another implementation of protocol buffers", () => {
    const read = peerReads(encodeEvent(sampleEvent()));
    expect(read).toEqual({
      source: "testbeam/ecal",
      sequence: "300",
      id: String(0x0123456789abcdefn),
      run: "run-17",
      timeNs: "1795334400123456789",
      conditions: { incidentEnergyMev: 50_000, temperatureK: Number.NaN },
      tensors: [
        {
          name: "showers",
          dtype: "FLOAT32",
          shape: ["2", "3", "4"],
          sparse: { indices: [3, 4, 20], values: new Uint8Array(Float32Array.of(1.5, -2.25, 1e-3).buffer) },
        },
        { name: "trigger", dtype: "UINT16", shape: ["3"], dense: Uint8Array.of(1, 0, 2, 0, 3, 0) },
      ],
    });
  });

  it("is what another implementation makes of what it read, byte by byte", () => {
    fc.assert(
      fc.property(events, (event) => {
        // Their maps have no such member.
        fc.pre(!Object.hasOwn(event.conditions, "__proto__"));
        const bytes = encodeEvent(event);
        expect(decodeEvent(PeerEvent.encode(PeerEvent.decode(bytes)).finish())).toEqual(decodeEvent(bytes));
      }),
      { numRuns: 300, seed: 8 },
    );
  });

  it("is written sparse where that is shorter, and dense otherwise", () => {
    const event = (values: Float64Array): StreamEvent => ({
      ...sampleEvent(),
      conditions: {},
      tensors: { a: new NdArray<"float64">(values, { dtype: "float64", shape: [values.length] }) },
    });
    const forms = [
      new Float64Array(9),
      Float64Array.of(0, 0, 0, 1),
      Float64Array.of(1, 2),
      Float64Array.of(0),
      new Float64Array(0),
    ].map((values) => Object.keys((peerReads(encodeEvent(event(values)))["tensors"] as [object])[0]).at(-1));
    expect(forms).toEqual(["sparse", "sparse", "dense", "sparse", "dense"]);
  });

  it("has of every tensor the elements that are not 0, however it came", () => {
    const bits = (values: NodeJS.TypedArray): Buffer =>
      Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    fc.assert(
      fc.property(events, (event) => {
        const decoded = decodeEvent(encodeEvent(event)).tensors;
        for (const [name, array] of Object.entries(event.tensors)) {
          const { places, elements } = nonZero(decoded[name] as EventTensor);
          const values = array.values();
          const width = values.BYTES_PER_ELEMENT;
          const all = bits(values);
          const expected = Array.from(values.keys()).filter((i) =>
            all.subarray(i * width, (i + 1) * width).some(Boolean),
          );
          expect([...places]).toEqual(expected);
          expect(bits(elements)).toEqual(Buffer.concat(expected.map((i) => all.subarray(i * width, (i + 1) * width))));
          expect(nonZero(array)).toEqual({ places, elements });
        }
      }),
      { numRuns: 300, seed: 9 },
    );
  });

  it("makes a sparse tensor dense when asked", () => {
    const { showers } = decodeEvent(encodeEvent(sampleEvent())).tensors;
    expect(showers).not.toBeInstanceOf(NdArray);
    expect((showers as SparseArray<"float32">).toDense()).toEqual(sampleEvent().tensors["showers"]);
  });

  it("keeps -0 and what a NaN carries", () => {
    const bits = Uint32Array.of(0x80000000, 0x7fc12345, 0xffa00001, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const array = new NdArray<"float32">(new Float32Array(bits.buffer), { dtype: "float32", shape: [12] });
    const { a } = decodeEvent(encodeEvent({ ...sampleEvent(), tensors: { a: array } })).tensors;
    expect(new Uint32Array((a as EventTensor).values().buffer)).toEqual(bits);
  });

  it("is the same for equal events, in whatever order their names came", () => {
    const { conditions, tensors, ...rest } = sampleEvent();
    const turned = <T>(named: Readonly<Record<string, T>>): Record<string, T> =>
      Object.fromEntries(Object.entries(named).reverse());
    expect(encodeEvent({ ...rest, conditions: turned(conditions), tensors: turned(tensors) })).toEqual(
      encodeEvent(sampleEvent()),
    );
  });

  it("takes a strided array as its values", () => {
    const array = new NdArray<"int32">(Int32Array.of(1, 2, 3, 4, 5, 6), { dtype: "int32", shape: [2, 3] });
    const turned = array.transpose(["dim_1", "dim_0"]);
    const { a } = decodeEvent(encodeEvent({ ...sampleEvent(), tensors: { a: turned } })).tensors;
    expect(a?.shape).toEqual([3, 2]);
    expect(a?.values()).toEqual(Int32Array.of(1, 4, 2, 5, 3, 6));
  });

  it("leaves the message alone: arrays are copies", () => {
    const bytes = encodeEvent(sampleEvent());
    const event = decodeEvent(bytes);
    bytes.fill(0xff);
    expect(plain(event)).toEqual(plain(sampleEvent()));
  });

  it("reads a message within other bytes, at any offset", () => {
    const bytes = encodeEvent(sampleEvent());
    const within = new Uint8Array(bytes.length + 11).fill(0xff);
    within.set(bytes, 5);
    expect(plain(decodeEvent(within.subarray(5, 5 + bytes.length)))).toEqual(plain(sampleEvent()));
  });

  it("has the limits that its page states", () => {
    const page = readRepositoryFile("docs/reference/event-format.md");
    const stated = [...page.matchAll(/^\| [^|]+ \| ([\d,]+) \|$/gm)].map(([, most]) =>
      Number(most?.replaceAll(",", "")),
    );
    const { nameBytes, conditions, tensors, axes, sparseElements } = EVENT_LIMITS;
    expect(stated).toEqual([nameBytes, conditions, tensors, axes, sparseElements]);
  });

  it("has every dtype of events, and no other", () => {
    const { tensors } = peerReads(
      encodeEvent({
        ...sampleEvent(),
        tensors: Object.fromEntries(
          DTYPES.map((dtype) => [dtype, new NdArray(new (array(dtype))(1) as never, { dtype, shape: [] })]),
        ),
      }),
    ) as { readonly tensors: readonly { readonly name: string; readonly dtype: string }[] };
    expect(tensors.map(({ dtype }) => dtype.toLowerCase())).toEqual(tensors.map(({ name }) => name));
    const halves = new NdArray(new Float32Array(1), { dtype: "float16", shape: [1] });
    expect(() => encodeEvent({ ...sampleEvent(), tensors: { halves: halves as never } })).toThrow(
      "This is no event: tensors[0].dtype is float16; there are int8,",
    );
  });
});

function array(dtype: string): new (length: number) => unknown {
  const names = { int64: BigInt64Array, uint64: BigUint64Array, float32: Float32Array, float64: Float64Array };
  const others = {
    int8: Int8Array,
    int16: Int16Array,
    int32: Int32Array,
    uint8: Uint8Array,
    uint16: Uint16Array,
    uint32: Uint32Array,
  };
  return { ...names, ...others }[dtype as "int8"];
}
