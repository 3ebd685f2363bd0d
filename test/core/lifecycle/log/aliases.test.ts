import { describe, expect, it } from "vitest";
import { openStore } from "../../../../core/lifecycle/store.ts";
import { sampleStore, seal } from "./sample-store.ts";

describe("An alias", () => {
  it("is on one version at a time, and a version may have many", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    const [first, second] = [await seal(store, "a"), await seal(store, "b")];
    await store.moveAlias("ecal@prod/champion", "ecal@v1");
    await store.moveAlias("ecal@best", first.digest);
    expect((await store.resolve("ecal@prod/champion")).aliases).toEqual(["best", "prod/champion"]);
    const moved = await store.moveAlias("ecal@prod/champion", "ecal@v2", { reason: "smaller tails" });
    expect(moved).toMatchObject({ digest: second.digest, aliases: ["prod/champion"] });
    expect((await store.resolve("ecal@v1")).aliases).toEqual(["best"]);
    expect(await store.moveAlias("ecal@best", null, { reason: "not used" })).toBeUndefined();
    await expect(store.resolve("ecal@best")).rejects.toMatchObject({ code: "TWIN_VERSION_NOT_FOUND" });
  });

  it("moves by compare-and-swap: who expects it elsewhere is told where it is", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    const [first] = [await seal(store, "a"), await seal(store, "b"), await seal(store, "c")];
    await store.moveAlias("ecal@champion", "ecal@v1", { expected: null });
    await store.moveAlias("ecal@champion", "ecal@v2", { expected: first.digest, reason: "better" });
    const late = store.moveAlias("ecal@champion", "ecal@v3", { expected: first.digest, reason: "better" });
    await expect(late).rejects.toMatchObject({
      code: "TWIN_ALIAS_MOVED",
      expected: first.digest,
      actual: (await store.resolve("ecal@v2")).digest,
      message: expect.stringMatching(/was expected on v1 \(sha256:.*\) and is on v2 \(/),
    });
    await expect(store.moveAlias("ecal@champion", "ecal@v3", { expected: null, reason: "new" })).rejects.toThrow(
      "was expected nowhere and is on v2",
    );
    expect((await store.resolve("ecal@champion")).number).toBe(2);
  });

  it("moves only with a reason once it is somewhere, and says nothing when it is there already", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    await seal(store, "a");
    await seal(store, "b");
    await store.moveAlias("ecal@champion", "ecal@v1");
    await store.moveAlias("ecal@champion", "ecal@v1");
    for (const reason of [undefined, null, "  "]) {
      await expect(store.moveAlias("ecal@champion", "ecal@v2", { reason })).rejects.toMatchObject({
        code: "TWIN_INVALID_ARGUMENT",
        message: expect.stringContaining("give a reason for moving it"),
      });
    }
    expect((await store.log("ecal").read()).moves).toHaveLength(1);
  });

  it("cannot have a name that looks like a version's", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    await seal(store, "a");
    const bad = [
      "v7",
      "V7",
      "7",
      "latest",
      "prod/v7",
      "Latest",
      "newest",
      "sha256:12345678",
      "",
      "a//b",
      "/a",
      "a b",
      "-a",
    ];
    for (const alias of [...bad, "a".repeat(101)]) {
      await expect(store.moveAlias(`ecal@${alias}`, "ecal@v1"), alias).rejects.toMatchObject({
        code: "TWIN_INVALID_ARGUMENT",
      });
    }
    for (const alias of ["champion", "prod/champion", "v7a", "été_2026", "prod/eu.west/champion"]) {
      expect((await store.moveAlias(`ecal@${alias}`, "ecal@v1"))?.number).toBe(1);
    }
  });

  it("is not put on a withdrawn version, nor on one of another twin", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    await seal(store, "a");
    const other = await seal(store, "b", { twin: "hcal" });
    await store.changeState("ecal@v1", "withdrawn", { reason: "wrong geometry" });
    await expect(store.moveAlias("ecal@champion", "ecal@v1")).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringContaining('ecal@v1, which was withdrawn ("wrong geometry")'),
    });
    for (const name of ["hcal@v1", other.digest]) {
      await expect(store.moveAlias("ecal@champion", name)).rejects.toThrow("a version of another twin");
    }
  });

  it("rolls back to the versions it was on, one after the other, and passes over withdrawn ones", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    for (const text of ["a", "b", "c", "d"]) await seal(store, text);
    await store.moveAlias("ecal@champion", "ecal@v1");
    for (const number of [2, 3, 4]) await store.moveAlias("ecal@champion", `ecal@v${number}`, { reason: "better" });
    await store.changeState("ecal@v3", "withdrawn", { reason: "leaks" });
    const back = { reason: "tails" };
    expect((await store.rollBackAlias("ecal@champion", back)).number).toBe(2);
    // Not to v4, which was rolled away from.
    expect((await store.rollBackAlias("ecal@champion", back)).number).toBe(1);
    await expect(store.rollBackAlias("ecal@champion", back)).rejects.toMatchObject({
      code: "TWIN_VERSION_NOT_FOUND",
      message: expect.stringContaining("the alias was on no other version before"),
    });
    await expect(store.rollBackAlias("ecal@chmpion", back)).rejects.toThrow('Did you mean "champion"?');
    // A move to an old version is no rollback: what it left is what was before.
    await store.moveAlias("ecal@champion", "ecal@v4", { reason: "repaired" });
    await store.moveAlias("ecal@champion", "ecal@v1", { reason: "after all" });
    expect((await store.rollBackAlias("ecal@champion", back)).number).toBe(4);
    expect((await store.log("ecal").read()).moves.map(({ isRollback }) => isRollback)).toEqual([
      false,
      false,
      false,
      false,
      true,
      true,
      false,
      false,
      true,
    ]);
  });

  it("is where the last winner put it, whoever races", async () => {
    await using sample = await sampleStore();
    for (const text of ["a", "b"]) await seal(sample.store, text);
    const stores = [await openStore(sample.folder, { index: false }), await openStore(sample.folder, { index: false })];
    const rounds = 20;
    for (let round = 0; round < rounds; round++) {
      const at = await sample.store.resolve("ecal@champion").catch(() => undefined);
      const expected = at?.digest ?? null;
      const to = at?.number === 1 ? "ecal@v2" : "ecal@v1";
      const raced = await Promise.allSettled(
        stores.map((store, i) => store.moveAlias("ecal@champion", to, { expected, reason: `${round}/${i}` })),
      );
      // The second finds it moved, and nothing is written twice.
      const codes = raced.map((each) => (each.status === "fulfilled" ? "won" : (each.reason as { code: string }).code));
      expect(codes.sort((a, b) => (a < b ? -1 : 1))).toEqual(["TWIN_ALIAS_MOVED", "won"]);
    }
    expect((await sample.store.log("ecal").read()).moves).toHaveLength(rounds);
  });
});
