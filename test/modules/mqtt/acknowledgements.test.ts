import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Acknowledgements } from "../../../modules/mqtt/acknowledgements.ts";

function recorded(): {
  readonly acknowledgements: Acknowledgements;
  readonly sent: number[];
  readonly writes: Buffer[];
} {
  const sent: number[] = [];
  const writes: Buffer[] = [];
  const acknowledgements = new Acknowledgements((packets) => {
    writes.push(packets);
    for (let at = 0; at < packets.length; at += 4) {
      expect(packets.readUInt16BE(at)).toBe(0x4002);
      sent.push(packets.readUInt16BE(at + 2));
    }
  });
  return { acknowledgements, sent, writes };
}

it("are sent in the order of arrival, in whichever order messages are done with", () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(Array.from({ length: 300 }, (_, index) => index)), (order) => {
      const { acknowledgements, sent } = recorded();
      const receipts = Array.from({ length: 300 }, (_, index) => acknowledgements.add(index + 1));
      const done = new Set<number>();
      for (const index of order) {
        acknowledgements.done(receipts[index] as (typeof receipts)[number]);
        done.add(index);
        acknowledgements.flush();
        const before = Array.from({ length: 300 }, (_, each) => each).findIndex((each) => !done.has(each));
        expect(sent).toHaveLength(before < 0 ? 300 : before);
      }
      acknowledgements.finish();
      expect(sent).toEqual(order.map((index) => index + 1).toSorted((a, b) => a - b));
    }),
    { seed: 31, numRuns: 50 },
  );
});

it("are written together, at the latest when the event loop turns, and once", async () => {
  const { acknowledgements, writes, sent } = recorded();
  const receipts = Array.from({ length: 70 }, (_, index) => acknowledgements.add(index));
  for (const receipt of [...receipts, ...receipts]) acknowledgements.done(receipt);
  expect(writes.map(({ length }) => length / 4)).toEqual([64]);
  await setImmediate();
  expect(writes.map(({ length }) => length / 4)).toEqual([64, 6]);
  expect(acknowledgements.open).toBe(0);
  expect(sent).toHaveLength(70);
});
