import { RandomStream } from "../../../../core/index.ts";
import { testAdaptable } from "../../../conformance/adaptable.ts";
import { asEvents, initialConditions, SyntheticTwin, simulate } from "./synthetic-twin.ts";

testAdaptable(async () => {
  const adaptable = new SyntheticTwin();
  const random = new RandomStream({ seed: 20_261_122n, id: 600n });
  const make = (count: number) => asEvents(simulate({ random, conditions: initialConditions(adaptable), count }));
  const [event] = make(1);
  if (!event) throw new Error("no event");
  return {
    adaptable,
    reference: make(5000),
    events: make(400),
    invalid: [{ event: { ...event, tensors: {} }, words: ["12 channels"] }],
  };
});
