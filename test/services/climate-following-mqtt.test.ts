import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { encodeEvent } from "../../core/index.ts";
import { saveEmulator } from "../../thematic/climate/following/document.ts";
import { Follower } from "../../thematic/climate/following/follower.ts";
import { observeField } from "../../thematic/climate/following/observe-field.ts";
import { openStream } from "../modules/mqtt/shared.ts";
import { mosquittoMissing, startMosquitto } from "../servers/mosquitto.ts";
import { sample } from "../thematic/climate/following/shared.ts";

const PROGRAM = fileURLToPath(new URL("climate-following-worker.ts", import.meta.url));
const missing = mosquittoMissing();

/** Runs the worker to its end, or kills it with -9 after so many analyses. Returns its lines. */
async function work(
  given: readonly string[],
  { killAfter = Number.POSITIVE_INFINITY, listening }: { killAfter?: number; listening?: () => Promise<void> },
): Promise<readonly string[]> {
  const child = spawn(process.execPath, ["--conditions=@twinloom/source", PROGRAM, ...given], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  const lines: string[] = [];
  let publishing: Promise<void> | undefined;
  for await (const line of createInterface(child.stdout)) {
    if (line === "listening") publishing = listening?.();
    else lines.push(line);
    if (lines.length === killAfter) child.kill("SIGKILL");
  }
  await closed;
  await publishing;
  return lines;
}

describe.skipIf(missing !== undefined)(
  `a climate twin by Mosquitto${missing === undefined ? "" : ` (${missing})`}`,
  () => {
    it("killed with -9 again and again, analyses and forecasts the same as one that nobody disturbed", {
      timeout: 60_000,
    }, async () => {
      const { field, emulator, network, test } = await sample();
      const events = [...observeField(field, { network, years: test, seed: 3n })].slice(0, 41);
      const undisturbed = new Follower(emulator, network, { seed: 11n, members: 30 });
      const expected: string[] = [];
      for (const event of events) {
        for (const { step, mean } of undisturbed.take(event).analyses) {
          expected.push(JSON.stringify({ step, mean: [...mean], next: [...undisturbed.forecast(2).mean] }));
        }
      }
      expect(expected).toHaveLength(40);

      const folder = await mkdtemp(join(tmpdir(), "twinloom-climate-mqtt-"));
      await using broker = await startMosquitto();
      const url = `mqtt://127.0.0.1:${broker.port}`;
      await using stations = await openStream({ url, topic: "stations" });
      try {
        const model = join(folder, "emulator.json");
        await saveEmulator(emulator.document, model);
        const last = String(undisturbed.step);
        const given = [url, "stations", model, JSON.stringify(network.stations), join(folder, "state"), last];
        const publish = async (): Promise<void> => {
          for (const event of events) await stations.stream.publish(encodeEvent(event));
        };
        const told = [
          await work(given, { killAfter: 9, listening: publish }),
          await work(given, { killAfter: 13 }),
          await work(given, {}),
        ];
        const counts = JSON.parse(told[2]?.at(-1) ?? "") as { counts: object };
        // Each goes on where the state of the one before it stood: the last analysis may come again, and no other.
        const [first = [], second = [], third = []] = told.map((lines) =>
          lines.filter((line) => line.startsWith('{"step"')),
        );
        expect(first.length).toBeLessThan(40);
        expect(second.length).toBeLessThan(40);
        const begun = [expected.indexOf(second[0] ?? ""), expected.indexOf(third[0] ?? "")];
        expect(begun[0]).toBeGreaterThanOrEqual(first.length - 1);
        expect(begun[1]).toBeGreaterThanOrEqual((begun[0] as number) + second.length - 1);
        expect([...new Set([...first, ...second, ...third])]).toEqual(expected);
        expect(counts.counts).toMatchObject({ analyses: 40, taken: 41, late: 0, invalid: 0 });
        const kept = JSON.parse(await readFile(join(folder, "state", "follower.json"), "utf8")) as object;
        const { step, newest, states, open } = JSON.parse(JSON.stringify(undisturbed)) as Record<string, unknown>;
        expect(kept).toMatchObject({ step, newest, states, open });
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  },
);
