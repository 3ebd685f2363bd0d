// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to secrets look like that.
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import {
  canonicalJson,
  createTwin,
  env,
  exportSpec,
  loadSpec,
  type SecretReference,
  secret,
  specDocument,
} from "../../../core/index.ts";
import { detector, Folder, importTestPlugin } from "./plugins.ts";

const PLAIN = "hunter2-very-secret";

describe("a secret", () => {
  let folder: Folder;
  beforeAll(async () => {
    folder = await Folder.make();
  });
  afterAll(() => folder.remove());
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it("is read where it is used, not where it is named", () => {
    const reference = env("TWINLOOM_TEST_SECRET");
    expect(() => reference.reveal()).toThrow(
      expect.objectContaining({
        code: "TWIN_SECRET_MISSING",
        variable: "TWINLOOM_TEST_SECRET",
        message: expect.stringContaining("TWINLOOM_TEST_SECRET is not set"),
      }),
    );
    vi.stubEnv("TWINLOOM_TEST_SECRET", PLAIN);
    expect(reference.reveal()).toBe(PLAIN);
    vi.stubEnv("TWINLOOM_TEST_SECRET", "");
    expect(() => reference.reveal()).toThrow(expect.objectContaining({ code: "TWIN_SECRET_MISSING" }));
  });

  it("never shows: printed, logged, serialised, exported or digested, it is its reference", async () => {
    vi.stubEnv("TWINLOOM_TEST_SECRET", PLAIN);
    const reference = env("TWINLOOM_TEST_SECRET");
    const composition = { plugins: { d: detector({ geometry: "pb-sci-20", password: reference }) } };
    const shown = [
      `${reference}`,
      JSON.stringify({ reference }),
      inspect({ reference }, { showHidden: true, depth: 9 }),
      await exportSpec(composition),
      canonicalJson(specDocument(composition)),
    ];
    for (const text of shown) {
      expect(text).toContain("${env:TWINLOOM_TEST_SECRET}");
      expect(text).not.toContain(PLAIN);
    }
  });

  it("is refused as a plain text, which is not repeated, in code and in a file", async () => {
    const plugins = { d: detector({ geometry: "pb-sci-20", password: PLAIN as unknown as SecretReference }) };
    const inCode = await createTwin({ plugins }).catch((error: Error) => error);
    const file = await folder.write(
      "twin.yaml",
      `plugins: { d: { use: test-plugins/detector, geometry: pb-sci-20, password: ${PLAIN} } }`,
    );
    const inFile = await loadSpec(file, { importPlugin: importTestPlugin }).catch((error: Error) => error);
    for (const error of [inCode, inFile]) {
      expect(error).toBeInstanceOf(Error);
      expect((error as Error).message).toContain("It must refer to a secret, never hold it");
      expect(inspect(error, { depth: 20 })).not.toContain(PLAIN);
    }
  });

  it("is not repeated when YAML itself is wrong beside it", async () => {
    const file = await folder.write("broken.yaml", `plugins: { d: { password: ${PLAIN}, x: "${PLAIN} } }`);
    const error = await loadSpec(file).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: "TWIN_INVALID_SPEC" });
    expect(inspect(error, { depth: 20 })).not.toContain(PLAIN);
  });

  it.each([
    "*S",
    "!S",
    "!<S> x",
    "|S",
    ">S",
    "}S",
    "{S",
    "%S",
    "@S",
    "&S &b c",
    '"\\US"',
    '"x" S',
    "!bigint S",
    "!artifact { path: p, digest: S }",
    "S${env:X}",
  ])("is not repeated where YAML takes it for something else: %s", async (written) => {
    const file = await folder.write(
      "odd.yaml",
      `plugins:\n  d:\n    use: test-plugins/echo\n    p: ${written.replaceAll("S", PLAIN)}\n`,
    );
    const error = await loadSpec(file, { importPlugin: importTestPlugin }).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: "TWIN_INVALID_SPEC" });
    // The escape takes the first characters for digits.
    expect(inspect(error, { depth: 20 })).not.toMatch(/hunter2|Uhunt/);
  });

  it("is not repeated where it is a number", async () => {
    const file = await folder.write("number.yaml", "plugins: { d: { use: x, p: 98765432109876543210 } }");
    const error = await loadSpec(file, { importPlugin: importTestPlugin }).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: "TWIN_INVALID_SPEC" });
    expect(inspect(error, { depth: 20 })).not.toContain("98765432109876543210");
  });

  it.each(["a ${env:X} b", "${env:}", "${env:1X}", "${env:X", "${env:A}${env:B}"])(
    "is refused where the reference is not the whole value: %s",
    async (text) => {
      const file = await folder.write(
        "part.yaml",
        `plugins: { d: { use: test-plugins/echo, x: ${JSON.stringify(text)} } }`,
      );
      await expect(loadSpec(file, { importPlugin: importTestPlugin })).rejects.toThrow(/must be the whole value/);
    },
  );

  it.each(["", "1A", "A B", "A-B", "${env:A}"])("cannot be named %j", (name) => {
    expect(() => env(name)).toThrow(expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }));
  });

  it("is no text where an option takes a text", () => {
    const schema = z.object({ url: z.string(), password: secret().optional() });
    expect(schema.safeParse({ url: env("URL") }).success).toBe(false);
    expect(schema.safeParse({ url: "mqtt://localhost", password: env("P") }).success).toBe(true);
  });
});
