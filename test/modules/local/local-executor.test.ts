import { LocalExecutor } from "twinloom/modules/local";
import { preemptionCases, testExecutor } from "twinloom/testing";
import { newFolder } from "./sample.ts";

testExecutor(
  async () => {
    const { folder, stateFolder, dispose } = await newFolder();
    const make = (): LocalExecutor => new LocalExecutor({ processes: 4, folder: stateFolder });
    return {
      executor: make(),
      folder,
      pollMs: 20,
      timeLimit: { timeLimitS: 4, warnS: 2 },
      another: () => Promise.resolve(make()),
      dispose,
    };
  },
  { skip: Object.fromEntries(preemptionCases.map(({ name }) => [name, "nothing of one's own is pre-empted"])) },
);
