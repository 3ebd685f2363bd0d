import { Memory } from "twinloom/modules/memory";
import { sampleDataset, testConnector } from "twinloom/testing";

testConnector(async () => {
  const truth = sampleDataset();
  // Put there without `write`, so that a fault of writing cannot hide one of reading.
  const connector = new Memory({ sample: truth });
  let count = 0;
  return {
    connector,
    location: "memory:sample",
    truth,
    newLocation: () => `memory:new-${++count}`,
    unreadable: ["disk:sample"],
    openFiles: () => connector.openFiles,
    dispose: () => connector.stop(),
  };
});
