import { expect, it } from "vitest";
import { z } from "zod";
import { RemoteSource, remoteOptions, type Transport } from "../../../core/index.ts";

it("a list that never ends is an error", { timeout: 10_000 }, async () => {
  const transport: Transport = {
    resolve: (location) => location,
    fetchRange: () => Promise.reject(new Error("not asked for")),
    listFolder: () => Promise.resolve({ files: [], folders: [], next: "again" }),
  };
  const source = new RemoteSource({ prefixes: ["x://"], transport, policy: z.object(remoteOptions).parse({}) });
  const entries = source.list("x://a/*.nc");
  await expect(entries.next()).rejects.toMatchObject({ code: "TWIN_FILE_UNREADABLE" });
});
