import { describe, expect, it } from "vitest";
import { loadVersion } from "../../../../core/index.ts";
import { verifyStore } from "../../../../core/lifecycle/care/verify.ts";
import { sampleStore, seal } from "./sample-store.ts";

describe("A version in the log of another twin", () => {
  it("is told of, and is not loaded from there", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    const { digest, descriptor } = await seal(store, "a");
    await store.log("other").append(() => ({ type: "sealed", version: descriptor, number: 1 }));
    await expect(store.resolve(digest)).rejects.toThrow(
      'the logs of several twins seal it, as ecal@v1 and other@v1, and it is of one of them. "twinloom store verify" tells which.',
    );
    const problem = `${digest} is no version that can be used: it is a version of the twin "ecal", and the log of "other" seals it.`;
    expect((await verifyStore(store)).problems).toMatchObject([
      { severity: "error", kind: "damaged", digest, problem },
    ]);
    await expect(loadVersion(store, "other@v1")).rejects.toThrow(problem);
    expect((await store.resolve("ecal@v1")).digest).toBe(digest);
  });
});
