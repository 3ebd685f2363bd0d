import { readInferRequest } from "../../../../modules/serving/protocol/infer-messages.ts";

const SIZE = 60 * 2 ** 20;

/** Zeros in the typed contents of an input: tags and lengths, each of 4 bytes, of what is in one another. */
const zeros = Buffer.alloc(SIZE);
zeros.set([0x2a, ...length(SIZE - 5), 0x2a, ...length(SIZE - 10), 0x1a, ...length(SIZE - 15)]);

for (const bomb of [Buffer.alloc(SIZE, Buffer.of(0x3a, 0)), zeros]) {
  try {
    readInferRequest(bomb);
    process.send?.("taken");
  } catch (error) {
    process.send?.((error as { code?: string }).code ?? String(error));
  }
}
process.disconnect();

function length(value: number): number[] {
  return [0, 7, 14, 21].map((shift) => ((value >>> shift) & 127) | (shift < 21 ? 128 : 0));
}
