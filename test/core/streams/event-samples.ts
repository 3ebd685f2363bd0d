import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { type EventDType, NdArray, type StreamEvent } from "../../../core/index.ts";

/** What is used of protobufjs, which comes with the loader of .proto files that serving uses. */
interface Protobuf {
  readonly Root: new () => { loadSync(file: string, options: object): PeerRoot };
}

interface PeerRoot {
  lookupType(name: string): PeerType;
}

interface PeerType {
  decode(bytes: Uint8Array): { toJSON(): unknown };
  encode(message: object): { finish(): Uint8Array };
  fromObject(json: object): object;
  toObject(message: object, options: object): Record<string, unknown>;
}

const protobuf = createRequire(import.meta.resolve("@grpc/proto-loader"))("protobufjs") as Protobuf;
const FILE = fileURLToPath(new URL("../../../protos/twinloom/stream/v1/event.proto", import.meta.url));

/** The messages of event.proto, of an implementation that is not ours. */
export function loadPeer(options: { readonly keepCase?: boolean } = {}): PeerRoot {
  return new protobuf.Root().loadSync(FILE, options);
}

export const PeerEvent: PeerType = loadPeer().lookupType("twinloom.stream.v1.Event");

/** What the other implementation reads: longs and enumerations as texts, bytes as they are. */
export function peerReads(bytes: Uint8Array): Record<string, unknown> {
  return PeerEvent.toObject(PeerEvent.decode(bytes), { longs: String, enums: String, defaults: true });
}

/** An event with two conditions, a sparse and a dense tensor. */
export function sampleEvent(): StreamEvent {
  const showers = new Float32Array(24);
  showers.set([1.5, -2.25], 3);
  showers[20] = 1e-3;
  return {
    source: "testbeam/ecal",
    sequence: 300n,
    id: 0x0123456789abcdefn,
    run: "run-17",
    timeNs: 1_795_334_400_123_456_789n,
    conditions: { incidentEnergyMev: 50_000, temperatureK: Number.NaN },
    tensors: {
      showers: new NdArray<"float32">(showers, { dtype: "float32", shape: [2, 3, 4] }),
      trigger: new NdArray<"uint16">(Uint16Array.of(1, 2, 3), { dtype: "uint16", shape: [3] }),
    },
  };
}

const ARRAYS = {
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

export const DTYPES: readonly EventDType[] = Object.keys(ARRAYS) as EventDType[];

/** Arrays of any dtype and any bits, from all zeros to none. */
const arrays: fc.Arbitrary<NdArray<EventDType>> = fc
  .record({
    dtype: fc.constantFrom(...DTYPES),
    shape: fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 3 }),
    zeros: fc.double({ min: 0, max: 1, noNaN: true }),
    random: fc.infiniteStream(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 255 }))),
  })
  .map(({ dtype, shape, zeros, random }) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const array = new ARRAYS[dtype](size);
    const bytes = new Uint8Array(array.buffer);
    for (let i = 0; i < size; i++) {
      if (random.next().value[0] < zeros) continue;
      for (let b = 0; b < array.BYTES_PER_ELEMENT; b++) bytes[i * array.BYTES_PER_ELEMENT + b] = random.next().value[1];
    }
    return new NdArray<EventDType>(array, { dtype, shape });
  });

const names = fc.string({ unit: "grapheme", maxLength: 12 });
const someNames = names.filter((name) => name !== "");

/** Any event. */
export const events: fc.Arbitrary<StreamEvent> = fc.record({
  source: someNames,
  sequence: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  id: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  run: names,
  timeNs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  conditions: fc.dictionary(someNames, fc.double({ noDefaultInfinity: true }), { maxKeys: 4 }),
  tensors: fc.dictionary(someNames, arrays, { maxKeys: 3 }),
});

/** An event as what can be compared to the bit: elements as their bytes, NaN as itself. */
export function plain(event: StreamEvent): unknown {
  const tensors = Object.entries(event.tensors).map(([name, array]) => {
    const values = array.values();
    const bits = Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("hex");
    return [name, [array.dtype, array.shape, bits]] as const;
  });
  return { ...event, conditions: new Map(Object.entries(event.conditions)), tensors: new Map(tensors) };
}
