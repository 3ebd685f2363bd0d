import { Memory } from "twinloom/modules/memory";
import { type ConnectorFixture, connectorCases, sampleDataset } from "twinloom/testing";
import { describe, expect, it } from "vitest";
import type { Connector } from "../../../core/index.ts";
import { brokenConnectors } from "../../conformance/broken/broken-connectors.ts";

/** Names of the cases that a connector fails. */
async function failures(change: (connector: Connector) => Partial<Connector>): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const { name, run } of connectorCases) {
    const memory = new Memory({ sample: sampleDataset() });
    const working: Connector = {
      formats: memory.formats,
      extensions: memory.extensions,
      recognises: (...asked) => memory.recognises(...asked),
      open: (...asked) => memory.open(...asked),
      write: (...asked) => memory.write(...asked),
    };
    let count = 0;
    const fixture: ConnectorFixture = {
      connector: { ...working, ...change(working) },
      location: "memory:sample",
      truth: sampleDataset(),
      newLocation: () => `memory:new-${++count}`,
      unreadable: ["disk:sample"],
      openFiles: () => memory.openFiles,
    };
    await run(fixture).catch(() => failed.push(name));
  }
  return failed;
}

describe("The conformance suite for connectors", () => {
  it("finds no fault in a working connector", async () => {
    expect(await failures(() => ({}))).toEqual([]);
  });

  for (const { fault, noticedBy, breaks } of brokenConnectors) {
    it(`notices a connector that ${fault}`, async () => {
      expect(await failures(breaks)).toContain(noticedBy);
    });
  }
});
