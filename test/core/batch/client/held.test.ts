import { expect, it } from "vitest";
import { sampleDocument } from "../sample-batch.ts";
import { batchOf } from "./told-executor.ts";

it("An array that something else than its turn holds is a problem, told in one sentence while it is so", async () => {
  await using test = await batchOf([1, 2, 3, 4], sampleDocument([1, 2, 3, 4]));
  const { executor } = test;
  await using client = await test.open();
  await client.submit({ command: ["twinloom"] });
  const told = async (...reasons: readonly (string | undefined)[]) => {
    executor.states = (_, element) => ({ state: element === 3 ? "preempted" : "queued", reason: reasons[element] });
    return (await client.refresh()).problems;
  };
  expect(await told("Priority", "Resources", "Dependency", "BeginTime")).toEqual([]);
  expect(await told("JobArrayTaskLimit", "None", undefined, "")).toEqual([]);
  expect(await told("JobHeldAdmin", "Resources", "JobHeldAdmin", "launch failed requeued held")).toEqual([
    'Elements of the array job-1 of stage "note" wait, and not for their turn: of 4, 2 for "JobHeldAdmin", 1 for ' +
      '"launch failed requeued held". Somebody may have to act: change what is asked for, release it, or ask who runs the cluster.',
  ]);
  for (const reason of ["PartitionTimeLimit", "ReqNodeNotAvail, UnavailableNodes:n[1-4]"]) {
    expect(await told(reason, reason, reason, reason)).toEqual([
      expect.stringContaining(`of 4, 4 for ${JSON.stringify(reason)}.`),
    ]);
  }
  // What runs waits for nothing.
  executor.states = () => ({ state: "running", reason: "JobHeldAdmin" });
  expect((await client.refresh()).problems).toEqual([]);
});
