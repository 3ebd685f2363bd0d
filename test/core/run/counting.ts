import { readFile, writeFile } from "node:fs/promises";
import { z } from "zod";
import { constant, createTwin, defineTask, Log, TaskStoppedError, type TwinControl } from "../../../core/index.ts";

/** Lines that {@link count} has written in this process. */
export const made: number[] = [];

/** Writes lines one after the other and saves them every so many: the state, the lines so far in a file. */
export const count = defineTask({
  name: "count",
  description: "Counts",
  parameters: z.object({ to: z.int().default(20), every: z.int().default(4), failAt: z.int().default(-1) }),
  needs: {},
  inputs: { start: { description: "a number", optional: true } },
  outputs: { lines: { description: "the lines", file: "lines.txt" } },
  async run({ parameters: { to, every, failAt }, inputs, outputs, checkpoint, stopping, progress }) {
    const first = inputs.start === undefined ? 0 : Number(await readFile(inputs.start, "utf8"));
    const found = await checkpoint?.load();
    let done = (found?.state as number | undefined) ?? 0;
    let text = found?.files["lines"] === undefined ? "" : await readFile(found.files["lines"], "utf8");
    while (done < to) {
      if (done === failAt) throw new RangeError("asked to fail");
      made.push(done);
      text += `${first + done++}\n`;
      progress(done / to, "counting");
      if (checkpoint === undefined || done === to || !(stopping.aborted || done % every === 0)) continue;
      const path = await checkpoint.newFile("lines.txt");
      await writeFile(path, text);
      await checkpoint.save({ state: done, files: { lines: path } });
      if (stopping.aborted) throw new TaskStoppedError("count", `${done} of ${to} lines`);
    }
    await writeFile(outputs.lines, text);
    return done;
  },
});

/** A twin that logs warnings to a list. */
export function countingTwin(warnings: string[] = []): Promise<TwinControl> {
  const ignore = (): void => undefined;
  const log = {
    debug: ignore,
    info: ignore,
    warn: (_: object, text: string) => void warnings.push(text),
    error: ignore,
  };
  return createTwin({ name: "counting", plugins: { log: constant(Log, log) } });
}
