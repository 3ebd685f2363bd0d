/** Written at once, however many there are then. */
const MOST_AT_ONCE = 64;
const PUBACK_BYTES = 4;

/** A message that is to be acknowledged. */
export interface Receipt {
  readonly packetId: number;
  isDone: boolean;
}

/**
 * Acknowledges messages in the order in which they came, as MQTT asks for ([MQTT-4.6.0-2]): one that is done with earlier
 * waits for those before it. What is due is written together, at the latest when the event loop turns.
 */
export class Acknowledgements {
  readonly #write: (packets: Buffer) => void;
  #open: Receipt[] = [];
  #head = 0;
  #due: number[] = [];
  #timer: NodeJS.Immediate | undefined;

  constructor(write: (packets: Buffer) => void) {
    this.#write = write;
  }

  /** Messages that the broker has not been told of. */
  get open(): number {
    return this.#open.length - this.#head;
  }

  add(packetId: number): Receipt {
    const receipt = { packetId, isDone: false };
    this.#open.push(receipt);
    return receipt;
  }

  done(receipt: Receipt): void {
    if (receipt.isDone) return;
    receipt.isDone = true;
    for (let next = this.#open[this.#head]; next?.isDone; next = this.#open[this.#head]) {
      this.#head++;
      this.#due.push(next.packetId);
    }
    if (this.#head * 2 >= this.#open.length) {
      this.#open = this.#open.slice(this.#head);
      this.#head = 0;
    }
    if (this.#due.length >= MOST_AT_ONCE) this.flush();
    else if (this.#due.length > 0) this.#timer ??= setImmediate(() => this.flush());
  }

  /** The last word on this connection: those that waited for one before them are due as well, still in their order. */
  finish(): void {
    for (const { packetId, isDone } of this.#open.splice(this.#head)) if (isDone) this.#due.push(packetId);
    this.flush();
  }

  /** Writes what is due. PUBACK of both versions: type 4, two bytes that follow, the packet's identifier; success goes unsaid. */
  flush(): void {
    clearImmediate(this.#timer);
    this.#timer = undefined;
    if (this.#due.length === 0) return;
    const packets = Buffer.allocUnsafe(PUBACK_BYTES * this.#due.length);
    for (const [index, packetId] of this.#due.entries()) {
      packets.writeUInt16BE(0x40_02, PUBACK_BYTES * index);
      packets.writeUInt16BE(packetId, PUBACK_BYTES * index + 2);
    }
    this.#due = [];
    this.#write(packets);
  }
}
