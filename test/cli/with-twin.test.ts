import { describe, expect, it } from "vitest";
import { withTwin } from "../../cli/with-twin.ts";

const stopping = (error?: Error) => {
  const twin = {
    stopped: 0,
    stop: async () => {
      twin.stopped++;
      if (error) throw error;
    },
  };
  return twin;
};

describe("withTwin", () => {
  it("gives what the work gives, and stops the twin", async () => {
    const twin = stopping();
    expect(await withTwin(twin, async () => twin.stopped)).toBe(0);
    expect(twin.stopped).toBe(1);
  });

  it("tells why the work failed, also when the twin then fails to stop", async () => {
    const twin = stopping(new Error("stuck"));
    const work = async () => {
      throw new Error("no such task");
    };
    await expect(withTwin(twin, work)).rejects.toThrow("no such task");
    expect(twin.stopped).toBe(1);
  });

  it("fails when only stopping fails", async () => {
    await expect(withTwin(stopping(new Error("stuck")), async () => 1)).rejects.toThrow("stuck");
  });
});
