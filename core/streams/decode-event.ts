import { TensorDecoder } from "./decode-tensor.ts";
import type { StreamEvent } from "./event.ts";
import { EVENT_LIMITS } from "./event-limits.ts";
import { setOwn } from "./set-own.ts";
import { FIXED64, LENGTH, VARINT, WireReader } from "./wire-reader.ts";

/** Fields of `Event`, by number. */
const FIELDS: readonly string[] = ["", "sequence", "source", "id", "run", "time_ns", "conditions", "tensors"];

// Tags: number * 8 + wire type.
const SEQUENCE = (1 << 3) | VARINT;
const SOURCE = (2 << 3) | LENGTH;
const ID = (3 << 3) | FIXED64;
const RUN = (4 << 3) | LENGTH;
const TIME_NS = (5 << 3) | FIXED64;
const CONDITIONS = (6 << 3) | LENGTH;
const TENSORS = (7 << 3) | LENGTH;
const KEY = (1 << 3) | LENGTH;
const VALUE = (2 << 3) | FIXED64;

/**
 * Reads an event from its binary form, `twinloom.stream.v1.Event`. Unknown fields are skipped; a field that is there again
 * replaces the one before.
 *
 * @param bytes - One message. They are not kept: arrays are copies.
 * @throws `TWIN_EVENT_INVALID` with the field and the byte, when they are no event.
 */
export function decodeEvent(bytes: Uint8Array): StreamEvent {
  return new EventDecoder(bytes).event();
}

class EventDecoder {
  readonly #reader: WireReader;
  readonly #tensors: TensorDecoder;
  #field = "";

  constructor(bytes: Uint8Array) {
    this.#reader = new WireReader(bytes, () => this.#path());
    this.#tensors = new TensorDecoder(this.#reader);
  }

  event(): StreamEvent {
    const reader = this.#reader;
    const { nameBytes } = EVENT_LIMITS;
    const conditions: Record<string, number> = {};
    let sequence = 0n;
    let source = "";
    let id = 0n;
    let run = "";
    let timeNs = 0n;
    let known = 0;
    while (reader.at < reader.end) {
      this.#field = "";
      const start = reader.at;
      const tag = reader.tag();
      this.#field = FIELDS[tag >>> 3] ?? "";
      switch (tag) {
        case SEQUENCE:
          sequence = reader.uint64();
          break;
        case SOURCE:
          source = reader.text(nameBytes);
          break;
        case ID:
          id = reader.view.getBigUint64(reader.fixed64(), true);
          break;
        case RUN:
          run = reader.text(nameBytes);
          break;
        case TIME_NS:
          timeNs = reader.view.getBigInt64(reader.fixed64(), true);
          break;
        case CONDITIONS:
          known++;
          if (known > EVENT_LIMITS.conditions) reader.fail(`are more than ${EVENT_LIMITS.conditions}, the most`, start);
          this.#condition(conditions);
          break;
        case TENSORS:
          this.#tensors.add();
          break;
        default:
          if (this.#field !== "") reader.fail(`has wire type ${tag & 7}, which is not its own`, start);
          reader.skip(tag);
      }
    }
    this.#field = "source";
    if (source === "") reader.fail("is missing; an event has the name of who made it");
    return { source, sequence, id, run, timeNs, conditions, tensors: this.#tensors.named };
  }

  /** An entry of the map. */
  #condition(conditions: Record<string, number>): void {
    const reader = this.#reader;
    const outer = reader.end;
    const start = reader.at;
    const length = reader.length();
    reader.end = reader.at + length;
    let name = "";
    let value = 0;
    while (reader.at < reader.end) {
      const at = reader.at;
      const tag = reader.tag();
      if (tag === KEY) name = reader.text(EVENT_LIMITS.nameBytes);
      else if (tag === VALUE) value = reader.view.getFloat64(reader.fixed64(), true);
      else if (tag >>> 3 > 2) reader.skip(tag);
      else reader.fail(`has field ${tag >>> 3} with wire type ${tag & 7}, which is not its own`, at);
    }
    reader.end = outer;
    if (name === "") reader.fail("has a number without a name", start);
    if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) {
      this.#field = `conditions[${JSON.stringify(name)}]`;
      reader.fail(`is ${value}; a number, or NaN where it is not known, is needed`, start);
    }
    setOwn(conditions, name, value);
  }

  #path(): string {
    return this.#field === "tensors" ? this.#tensors.path : this.#field;
  }
}
