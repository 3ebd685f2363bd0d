import type { DataOf } from "../data/dtype.ts";
import { toLittleEndian } from "../data/little-endian.ts";
import { checkEvent } from "./check-event.ts";
import { SparseAllowance } from "./check-tensor.ts";
import { chooseForm } from "./encode-tensor.ts";
import type { EventDType, EventTensor, StreamEvent } from "./event.ts";
import { EVENT_LIMITS } from "./event-limits.ts";
import { shortestSingle } from "./json-elements.ts";
import { tensorFromJson } from "./json-tensor.ts";
import { arrayOf, failAt, integerOf, jsonNumber, membersOf, numberOf, recordOf, textOf } from "./json-values.ts";
import { quoted } from "./quoted.ts";
import { setOwn } from "./set-own.ts";
import { sortedNames } from "./sorted-names.ts";
import { gather } from "./sparse-elements.ts";
import { type TensorType, tensorTypeOf } from "./tensor-types.ts";

/** An event as JSON: the mapping of protocol buffers. 64-bit integers are texts, as numbers of JSON are not exact there. */
export interface EventJson {
  readonly source: string;
  readonly sequence: string;
  readonly id: string;
  readonly run: string;
  readonly timeNs: string;
  /** NaN is `"NaN"`. */
  readonly conditions: Readonly<Record<string, number | string>>;
  readonly tensors: readonly TensorJson[];
}

/** A tensor of an event as JSON. */
export interface TensorJson {
  readonly name: string;
  /** `"FLOAT32"`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** All elements: in base64, or as numbers. */
  readonly dense?: string | readonly (number | string)[];
  /** Those that are not 0. */
  readonly sparse?: {
    readonly indices: readonly number[];
    readonly values: string | readonly (number | string)[];
  };
}

/** How an event is written as JSON. */
export interface EventJsonOptions {
  /**
   * Elements as numbers for people, in place of the base64 of protocol buffers. What a NaN carries is lost then. False by
   * default.
   */
  readonly numbers?: boolean | undefined;
}

/**
 * Reads an event from its JSON: the mapping of protocol buffers, and numbers in place of base64, nested or in a row.
 *
 * @param json - What `JSON.parse` gave.
 * @throws `TWIN_EVENT_INVALID` with the field, when it is no event.
 */
export function eventFromJson(json: unknown): StreamEvent {
  const members = membersOf(json, "", ["source", "sequence", "id", "run", "timeNs", "conditions", "tensors"]);
  const event: StreamEvent = {
    source: textOf(members["source"], "source"),
    sequence: integerOf(members["sequence"], "sequence"),
    id: integerOf(members["id"], "id"),
    run: textOf(members["run"], "run"),
    timeNs: integerOf(members["timeNs"], "timeNs"),
    conditions: conditionsFromJson(members["conditions"]),
    tensors: tensorsFromJson(members["tensors"]),
  };
  checkEvent(event);
  return event;
}

/**
 * An event as JSON, that any implementation of protocol buffers reads. Tensors are sparse where that is shorter.
 *
 * @throws `TWIN_EVENT_INVALID` for what {@link encodeEvent} would not write.
 */
export function eventToJson(event: StreamEvent, options: EventJsonOptions = {}): EventJson {
  checkEvent(event);
  const conditions: Record<string, number | string> = {};
  for (const name of sortedNames(event.conditions)) {
    setOwn(conditions, name, jsonNumber(event.conditions[name] as number));
  }
  const allowance = new SparseAllowance();
  const tensors = sortedNames(event.tensors).map((name) => ({
    name,
    ...tensorToJson(event.tensors[name] as EventTensor, allowance, options),
  }));
  const { source, run } = event;
  return {
    source,
    sequence: String(event.sequence),
    id: String(event.id),
    run,
    timeNs: String(event.timeNs),
    conditions,
    tensors,
  };
}

function conditionsFromJson(json: unknown): Readonly<Record<string, number>> {
  const conditions: Record<string, number> = {};
  for (const [name, value] of Object.entries(recordOf(json ?? {}, "conditions"))) {
    setOwn(conditions, name, numberOf(value, `conditions[${quoted(name)}]`));
  }
  return conditions;
}

function tensorsFromJson(json: unknown): Readonly<Record<string, EventTensor>> {
  const list = arrayOf(json, "tensors");
  if (list.length > EVENT_LIMITS.tensors) failAt("tensors", `are ${list.length}; ${EVENT_LIMITS.tensors} are the most`);
  const allowance = new SparseAllowance();
  const tensors: Record<string, EventTensor> = {};
  list.forEach((value, index) => {
    const { name, array } = tensorFromJson(value, `tensors[${index}]`, allowance);
    if (Object.hasOwn(tensors, name)) {
      failAt(`tensors[${index}].name`, `is ${quoted(name)}, as of another tensor; names must differ`);
    }
    setOwn(tensors, name, array);
  });
  return tensors;
}

function tensorToJson(
  array: EventTensor,
  allowance: SparseAllowance,
  { numbers = false }: EventJsonOptions,
): Omit<TensorJson, "name"> {
  // The event was checked.
  const type = tensorTypeOf(array.dtype) as TensorType;
  const { elements, places } = chooseForm(array.values(), type.bytes, allowance);
  const common = { dtype: type.name, shape: [...array.shape] };
  if (!places) return { ...common, dense: numbers ? numbersOf(elements) : base64(toLittleEndian(elements)) };
  const indices = [...places];
  if (numbers) return { ...common, sparse: { indices, values: numbersOf(elements, indices) } };
  const values = Buffer.alloc(places.length * type.bytes);
  gather({ places, data: elements, view: new DataView(values.buffer, values.byteOffset, values.length), at: 0 });
  return { ...common, sparse: { indices, values: base64(values) } };
}

/** Elements as JSON has them, all or those at some places. */
function numbersOf(elements: DataOf<EventDType>, indices?: readonly number[]): readonly (number | string)[] {
  const isSingle = elements instanceof Float32Array;
  return (indices ?? [...elements.keys()]).map((index) => {
    const element = elements[index] as number | bigint;
    if (typeof element === "bigint") return String(element);
    return jsonNumber(isSingle && element !== 0 ? shortestSingle(element) : element);
  });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
