import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readConditionsOverTime } from "../../../../modules/adaptation/index.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-conditions-"));
  file = join(folder, "truth.jsonl");
});
afterEach(() => rm(folder, { recursive: true }));

describe("readConditionsOverTime", () => {
  it("reads lines, with Windows' line ends and empty ones, too", async () => {
    const first = { timeNs: "1700000000000000001", conditions: { gain: 1 }, errors: { gain: 0.01 } };
    const second = { timeNs: "1700000000000000002", conditions: { gain: 1.03 } };
    await writeFile(file, `${JSON.stringify(first)}\r\n\r\n${JSON.stringify(second)}`);
    expect(await readConditionsOverTime(file)).toEqual([first, second]);
    await writeFile(file, "");
    expect(await readConditionsOverTime(file)).toEqual([]);
  });

  it("keeps every second line of a long file, and the last", async () => {
    const lines = Array.from({ length: 9002 }, (_, i) => `{"timeNs":"${i}","conditions":{"gain":${i}}}`);
    await writeFile(file, lines.join("\n"));
    const kept = await readConditionsOverTime(file);
    expect(kept.length).toBeLessThanOrEqual(4001);
    expect(kept.slice(0, 3).map(({ timeNs }) => timeNs)).toEqual(["0", "4", "8"]);
    expect(kept.at(-1)?.timeNs).toBe("9001");
  });

  it.each([
    ["{", /line 1: .*JSON/],
    ['{"timeNs":5,"conditions":{}}', /line 1: timeNs/],
    ['{"timeNs":"5","conditions":{"gain":"1"}}', /line 1: conditions.gain/],
    ['{"timeNs":"5","conditions":{}}\n{"timeNs":"4","conditions":{}}', /line 2: it is earlier/],
  ])("says which line is wrong: %s", async (text, message) => {
    await writeFile(file, text);
    const reading = readConditionsOverTime(file);
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toMatchObject({ code: "TWIN_FILE_UNREADABLE" });
  });

  it("tells that there is no file, and ends with its signal", async () => {
    await expect(readConditionsOverTime(join(folder, "none"))).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
    await writeFile(file, "{}");
    const signal = AbortSignal.abort();
    await expect(readConditionsOverTime(file, { signal })).rejects.toMatchObject({ name: "AbortError" });
  });
});
