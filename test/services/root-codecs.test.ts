import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { unzipLz4 } from "../../modules/root/worker/lz4.ts";
import { unzipXz } from "../../modules/root/worker/xz.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const python = here("../../.venv/bin/python");
const isRequired = process.env["TWINLOOM_REQUIRE_SERVICES"] === "1";

/** Damaged blocks of LZ4. */
const DAMAGED = 20_000;

interface Block {
  readonly method: string;
  readonly block: Uint8Array;
  readonly size: number;
  readonly checksum: bigint;
  /** What Python makes of it; undefined where it is damaged. */
  readonly values: Uint8Array | undefined;
}

function* blocksOf(bytes: Buffer): Generator<Block> {
  for (let at = 0; at < bytes.length; ) {
    const [length, size, isKnown] = [4, 8, 12].map((offset) => bytes.readUInt32LE(at + offset)) as [
      number,
      number,
      number,
    ];
    const start = at + 24;
    const end = start + length + (isKnown ? size : 0);
    yield {
      method: bytes.toString("latin1", at, at + 2),
      block: new Uint8Array(bytes.subarray(start, start + length)),
      size,
      checksum: bytes.readBigUInt64LE(at + 16),
      values: isKnown ? new Uint8Array(bytes.subarray(start + length, end)) : undefined,
    };
    at = end;
  }
}

// Without the environment this is skipped; scripts/python-venv.sh makes it.
describe.skipIf(!existsSync(python) && !isRequired)("blocks of ROOT files (needs scripts/python-venv.sh)", () => {
  it("become the bytes that Python makes of them, or an error", { timeout: 120_000 }, () => {
    const bytes = execFileSync(python, [here("root-codecs.py"), String(DAMAGED)], { maxBuffer: 2 ** 30 });
    const seen = { XZ: 0, L4: 0, damaged: 0 };
    for (const { method, block, size, checksum, values } of blocksOf(bytes)) {
      let found: Uint8Array | undefined;
      try {
        found = method === "XZ" ? unzipXz(block, size) : unzipLz4(block, size, checksum);
      } catch (error) {
        expect((error as Error).message).toBe("an LZ4 block is damaged");
        // Python makes something of references to zero bytes before, which the format has not.
        if (values !== undefined) expect(Buffer.from(block).includes("\0\0")).toBe(true);
        seen.damaged++;
        continue;
      }
      // Where Python alone refuses a block, for how it ends, there is nothing to compare.
      if (values !== undefined && !Buffer.from(found).equals(values)) expect(found).toEqual(values);
      seen[method as "XZ" | "L4"]++;
    }
    expect(seen.XZ).toBe(53);
    expect(seen.L4).toBeGreaterThan(20);
    expect(seen.damaged).toBeGreaterThan(DAMAGED / 2);
  });
});
