import { describe, expect, it } from "vitest";
import { z } from "zod";
import { checkSchema } from "../../../core/errors/check-schema.ts";

const schema = z.object({
  geometry: z.enum(["w-si-45x16x9", "pb-sci-20"]),
  seed: z.number().int().default(7),
  cuts: z.array(z.object({ layer: z.number(), minMeV: z.number() }).optional()).optional(),
  extra: z.record(z.string(), z.object({ unit: z.string() })).optional(),
  free: z.looseObject({ known: z.number().optional() }).optional(),
});

describe("checkSchema", () => {
  it("gives the value with its defaults", () => {
    expect(checkSchema(schema, { geometry: "pb-sci-20" })).toEqual({ value: { geometry: "pb-sci-20", seed: 7 } });
  });

  it("reports a misspelt key at any depth, with the names that are allowed there", () => {
    const given = {
      geometri: "pb-sci-20",
      geometry: "pb-sci-20",
      cuts: [{ layer: 1, minMev: 2, minMeV: 2 }],
      extra: { a: { unit: "mm", unitt: "mm" } },
    };
    expect(checkSchema(schema, given).problems).toEqual([
      {
        path: ["geometri"],
        at: "key",
        message: 'Unknown. Did you mean "geometry"? There are: geometry, extra, seed, cuts, free.',
      },
      { path: ["cuts", 0, "minMev"], at: "key", message: expect.stringContaining('"minMeV"') },
      { path: ["extra", "a", "unitt"], at: "key", message: expect.stringContaining('"unit"') },
    ]);
  });

  it("reports an unknown key and a wrong value together, each once, also for strict objects", () => {
    const strict = z.strictObject({ seed: z.number() });
    expect(checkSchema(strict, { seed: "7", sed: 7 }).problems?.map(({ path }) => path)).toEqual([["sed"], ["seed"]]);
  });

  it("takes any key where the schema says so", () => {
    expect(checkSchema(schema, { geometry: "pb-sci-20", free: { anything: 1 } }).problems).toBeUndefined();
  });

  it("tells the allowed values, and the one that was probably meant", () => {
    expect(checkSchema(schema, { geometry: "w-si-45x16x8" }).problems).toEqual([
      {
        path: ["geometry"],
        message: 'It must be one of: w-si-45x16x9, pb-sci-20. Did you mean "w-si-45x16x9"?',
      },
    ]);
  });

  it("tells a missing value from a wrong one", () => {
    const number = z.object({ seed: z.number() });
    expect(checkSchema(number, {}).problems?.[0]?.message).toBe("Missing; it must be a number.");
    expect(checkSchema(number, { seed: "x" }).problems?.[0]?.message).toMatch(/^Invalid input: expected number/);
  });

  it("tells when the schema itself fails", () => {
    const throwing = z.string().transform(() => {
      throw new Error("no lens");
    });
    expect(checkSchema(throwing, "x").problems?.[0]?.message).toBe("The schema itself failed: no lens");
    const later = z.string().refine(async () => true);
    expect(checkSchema(later, "x").problems?.[0]?.message).toMatch(/^The schema itself failed: .*[Pp]romise/);
  });

  it("never takes a name of Object.prototype for a key of the schema", () => {
    expect(checkSchema(z.object({}), JSON.parse('{"__proto__": 1, "constructor": 2}')).problems).toHaveLength(2);
  });
});
