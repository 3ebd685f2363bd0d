import { type GeneratorFixture, generatorCases, testGenerator } from "twinloom/testing";
import { describe, expect, it } from "vitest";
import type { Generator } from "../../../core/index.ts";
import { brokenGenerators, noise } from "../../conformance/broken/broken-generators.ts";

function fixture(generator: Generator): GeneratorFixture {
  return { generator, conditions: { temperature: Float64Array.of(100, 200, 300, 300, 400) } };
}

testGenerator(async () => fixture(noise));

describe("the conformance suite for generators", () => {
  it.each(Object.entries(brokenGenerators))("notices one that %s", async (_, generator) => {
    const failed: string[] = [];
    for (const { name, run } of generatorCases) await run(fixture(generator)).catch(() => failed.push(name));
    expect(failed).not.toEqual([]);
  });
});
