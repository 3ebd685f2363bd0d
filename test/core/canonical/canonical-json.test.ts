import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canonicalJson, digestBytes, digestFile, digestJson } from "../../../core/index.ts";

/** A double by its bits. */
function double(bits: string): number {
  return new DataView(Uint8Array.from(Buffer.from(bits, "hex")).buffer).getFloat64(0);
}

describe("canonicalJson", () => {
  // RFC 8785, appendix B: IEEE 754 bits and their JSON text.
  const numbers: readonly (readonly [string, string])[] = [
    ["0000000000000000", "0"],
    ["8000000000000000", "0"],
    ["0000000000000001", "5e-324"],
    ["8000000000000001", "-5e-324"],
    ["7fefffffffffffff", "1.7976931348623157e+308"],
    ["ffefffffffffffff", "-1.7976931348623157e+308"],
    ["4340000000000000", "9007199254740992"],
    ["c340000000000000", "-9007199254740992"],
    ["4430000000000000", "295147905179352830000"],
    ["44b52d02c7e14af5", "9.999999999999997e+22"],
    ["44b52d02c7e14af6", "1e+23"],
    ["44b52d02c7e14af7", "1.0000000000000001e+23"],
    ["444b1ae4d6e2ef4e", "999999999999999700000"],
    ["444b1ae4d6e2ef4f", "999999999999999900000"],
    ["444b1ae4d6e2ef50", "1e+21"],
    ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
    ["3eb0c6f7a0b5ed8d", "0.000001"],
    ["41b3de4355555553", "333333333.3333332"],
    ["41b3de4355555554", "333333333.33333325"],
    ["41b3de4355555555", "333333333.3333333"],
    ["41b3de4355555556", "333333333.3333334"],
    ["41b3de4355555557", "333333333.33333343"],
    ["becbf647612f3696", "-0.0000033333333333333333"],
    ["43143ff3c1cb0959", "1424953923781206.2"],
  ];
  for (const [bits, text] of numbers) {
    it(`writes the double ${bits} as ${text}`, () => {
      expect(canonicalJson(double(bits))).toBe(text);
    });
  }

  it("writes the example of RFC 8785, section 3.2.2", () => {
    const value = {
      numbers: [Number("333333333.33333329"), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"/",
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it("sorts members by UTF-16 code units, as in RFC 8785, section 3.2.3", () => {
    const value = {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    };
    expect(Object.values(JSON.parse(canonicalJson(value)) as object)).toHaveLength(7);
    expect([...canonicalJson(value).matchAll(/:"([^"]+)"/g)].map(([, text]) => text)).toEqual([
      "Carriage Return",
      "One",
      "Control",
      "Latin Small Letter O With Diaeresis",
      "Euro Sign",
      "Emoji: Grinning Face",
      "Hebrew Letter Dalet With Dagesh",
    ]);
  });

  it("says the same of equal values, and is read back as the value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        // JSON has one zero.
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  const refused: readonly (readonly [string, unknown, string])[] = [
    ["NaN", { a: [1, Number.NaN] }, "$.a[1] is NaN"],
    ["an infinity", Number.NEGATIVE_INFINITY, "$ is -Infinity"],
    ["undefined", { a: undefined }, "$.a is undefined"],
    ["a hole", Array(2), "$[0] is undefined"],
    ["a bigint", { "odd name": 1n }, '$["odd name"] is a bigint'],
    ["a function", { a: () => 1 }, "$.a is a function"],
    ["a symbol", [Symbol("s")], "$[0] is a symbol"],
    ["a lone surrogate", { a: "\ud800" }, "$.a has a lone surrogate"],
    ["a lone surrogate in a name", { "\udc00": 1 }, "$ has a member name"],
    ["a cycle", cycle, "$.self contains itself"],
    ["a date", { at: new Date(0) }, "$.at is not a plain object"],
    ["a typed array", { a: Float32Array.of(1) }, "$.a is not a plain object"],
  ];
  for (const [what, value, message] of refused) {
    it(`refuses ${what}, and says where`, () => {
      expect(() => canonicalJson(value)).toThrow(
        expect.objectContaining({ code: "TWIN_NOT_CANONICAL", message: expect.stringContaining(message) }),
      );
    });
  }

  it("allows one object in two places", () => {
    const shared = { x: 1 };
    expect(canonicalJson([shared, shared])).toBe('[{"x":1},{"x":1}]');
  });
});

describe("Digests", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-digest-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  // FIPS 180-2, appendix B.1 and B.3.
  const abc = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  const million = "sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

  it("are SHA-256", () => {
    expect(digestBytes("abc")).toBe(abc);
    expect(digestJson({ b: 1, a: 2 })).toBe(digestBytes('{"a":2,"b":1}'));
  });

  it("of files are streamed, with their length", async () => {
    const path = join(folder, "million");
    await writeFile(path, "a".repeat(1_000_000));
    expect(await digestFile(path)).toEqual({ bytes: 1_000_000, digest: million });
  });

  it("of files stop when aborted", async () => {
    const signal = AbortSignal.abort(new Error("called off"));
    await expect(digestFile(join(folder, "million"), { signal })).rejects.toThrow("called off");
  });
});
