import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createTwin, decodeMessage } from "twinloom";
import { hdf5 } from "twinloom/modules/hdf5";
import { mqttBroker, mqttStream } from "twinloom/modules/mqtt";
import { readRecording } from "twinloom/modules/recording";
import { calorimeter, loadTestBeam } from "twinloom/thematic/detector";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeEvent, type Subscription } from "../../core/index.ts";
import { showerFile } from "../thematic/detector/sample.ts";
import { type Outcome, runTwinloom } from "./run-command-line.ts";
import { startTwinloom } from "./stream-process.ts";

const SAMPLE = fileURLToPath(new URL("../../examples/data/showers-sample.h5", import.meta.url));

const SCRIPT = `schemaVersion: 1
source: testbeam/ecal
run: drift-1
seed: 7
events: 5000
eventsPerSecond: 1000
response: { responsePerKelvin: -0.02 }
history:
  - { change: temperature-ramp, at: { seconds: 0.1 }, until: { seconds: 2 }, kelvinPerMinute: 60 }
  - { change: gain-step, at: { event: 500 }, layers: [7], factor: 1.03 }
  - { change: dead-cells, at: { event: 700 }, cells: [[8, 0, 0]] }
`;

let cwd = "";
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "twinloom-testbeam-"));
  await writeFile(join(cwd, "drift.yaml"), SCRIPT);
});
afterAll(() => rm(cwd, { recursive: true }));

const BEAM = ["detector", "testbeam", "--script", "drift.yaml"];
const FILE = ["--showers", SAMPLE];
const testbeam = (...more: readonly string[]): Promise<Outcome> => runTwinloom([...BEAM, ...more], { cwd });

async function payloadsOf(file: string): Promise<readonly Buffer[]> {
  const payloads: Buffer[] = [];
  for await (const { payload } of readRecording(join(cwd, file))) payloads.push(Buffer.from(payload));
  return payloads;
}

/** What the library makes of the script, as it is on the wire. */
async function expected(count: number): Promise<readonly Buffer[]> {
  await using twin = await createTwin({ plugins: { files: hdf5(), detector: calorimeter() } });
  await using file = await twin.files.open(SAMPLE);
  const beam = await loadTestBeam(join(cwd, "drift.yaml"), twin.detector.geometry);
  const payloads: Buffer[] = [];
  for await (const event of beam.events([{ absorberMm: 1.4, showers: await twin.detector.showers(file) }])) {
    payloads.push(Buffer.from(encodeEvent(event)));
    if (payloads.length === count) break;
  }
  return payloads;
}

/** A broker, and who listens to the topic. */
async function listening(): Promise<{ readonly url: string; readonly subscription: Subscription } & AsyncDisposable> {
  const plugins = { broker: mqttBroker(), events: mqttStream({ topic: "beam" }) };
  const twin = await createTwin({ plugins });
  const subscription = await twin.events.subscribe();
  return {
    url: twin.broker.url,
    subscription,
    [Symbol.asyncDispose]: async () => {
      await subscription[Symbol.asyncDispose]();
      await twin.stop();
    },
  };
}

async function take(subscription: Subscription, count: number): Promise<readonly Buffer[]> {
  const payloads: Buffer[] = [];
  for await (const { payload, acknowledge } of subscription) {
    payloads.push(Buffer.from(payload));
    acknowledge();
    if (payloads.length === count) break;
  }
  return payloads;
}

async function messagesIn(file: string, atLeast: number): Promise<void> {
  const count = async (): Promise<number> => (existsSync(join(cwd, file)) ? (await payloadsOf(file)).length : 0);
  while ((await count()) < atLeast) await sleep(20);
}

describe("twinloom detector testbeam", () => {
  it("publishes and records the very events of the script, and says what came of it", async () => {
    await using broker = await listening();
    const taken = take(broker.subscription, 800);
    const line = [...FILE, "--to", `${broker.url}/beam`, "--record", "both.twr", "--rate", "0", "-n", "800", "--json"];
    const { code, stdout, stderr } = await testbeam(...line);
    expect([code, stderr]).toEqual([0, expect.stringContaining("come again in another order")]);
    const events = await expected(800);
    const showers = JSON.parse(stdout).reused[0].showers;
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ source: "testbeam/ecal", run: "drift-1", seed: 7, fromSequence: 0, nextSequence: 800, events: 800 },
      ...{ repeated: 0, unconfirmed: 0, wantedPerSecond: null, to: `${broker.url}/beam`, record: "both.twr" },
      ...{ complete: true, bytes: Buffer.concat(events).length },
      reused: [{ absorberMm: 1.4, showers, event: showers, times: 1 }],
    });
    expect(Buffer.concat(await taken).equals(Buffer.concat(events))).toBe(true);
    expect(Buffer.concat(await payloadsOf("both.twr")).equals(Buffer.concat(events))).toBe(true);
  });

  it("tells how far it is, and the true conditions of that time", async () => {
    const history =
      "  - { change: absorber, at: { event: 1 }, absorberMm: 1.5 }\n  - { change: threshold, at: { event: 2 }, thresholdMeV: 0.5 }\n";
    await writeFile(join(cwd, "told.yaml"), SCRIPT + history);
    const sets = [...FILE, "--showers", `1.5=${SAMPLE}`, "--rate", "0"];
    const told = async (from: string, record: string): Promise<Outcome> => {
      const line = ["detector", "testbeam", "--script", "told.yaml", ...sets, "--from-sequence", from, "-n", "60"];
      return await runTwinloom([...line, "--record", record], { cwd });
    };
    const first = await told("0", "told.twr");
    expect(first.stderr).toMatch(/^ {2}\d+ % {2}recording {2}1 {2}20\.00 °C {2}\(/m);
    expect(first.stdout).toMatch(/^60 events of testbeam\/ecal \(0 to 59\), recorded in told\.twr\n\d+\/s, /);
    // 0.65 s after the beginning of a ramp of 1 K/s.
    const late = await told("750", "late-told.twr");
    expect(late.stderr).toContain("20.65 °C  1.5 mm  gains 7: 1.030  1 dead  threshold 0.5 MeV");
  });

  it("keeps to the rate of the clock, and to that of the script where none is given", async () => {
    const timed = async (...rate: readonly string[]): Promise<{ seconds: number; wantedPerSecond: number }> =>
      JSON.parse((await testbeam(...FILE, "--record", `${rate.join("")}.twr`, "-n", "101", ...rate, "--json")).stdout);
    const slow = await timed("--rate", "100");
    expect(slow.wantedPerSecond).toBe(100);
    // Never sooner: the last one is due then, but for the millisecond of a timer.
    expect(slow.seconds).toBeGreaterThan(0.998);
    expect((await timed()).wantedPerSecond).toBe(1000);
  });

  it("makes events by a generator, with another seed", async () => {
    for (const seed of ["7", "8", "8"]) {
      const record = ["--record", `seed-${seed}.twr`, "--resume"];
      expect((await testbeam(...record, "--rate", "0", "-n", "20", "--seed", seed)).code).toBe(0);
    }
    const [seven, eight] = await Promise.all(["seed-7.twr", "seed-8.twr"].map(payloadsOf));
    expect(seven?.length).toBe(20);
    expect(eight?.length).toBe(20);
    expect(Buffer.concat(seven ?? []).equals(Buffer.concat(eight ?? []))).toBe(false);
    const refused = await testbeam("--record", "seed-8.twr", "--resume", "-n", "20");
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("event 0 is another one there")]);
  });

  it("begins with any event", async () => {
    await testbeam(...FILE, "--record", "late.twr", "--rate", "0", "--from-sequence", "650", "-n", "100");
    const events = await expected(750);
    expect(Buffer.concat(await payloadsOf("late.twr")).equals(Buffer.concat(events.slice(650)))).toBe(true);
  });

  it("killed with -9 and resumed, again and again, has the recording of one that was not, and loses no event", async () => {
    await using broker = await listening();
    const received = new Set<string>();
    const taking = (async () => {
      for await (const { payload, acknowledge } of broker.subscription) {
        received.add(`${decodeMessage(payload).sequence}`);
        acknowledge();
        if (received.size === 2500) return;
      }
    })();
    const line = [...FILE, "--to", `${broker.url}/beam`, "--record", "killed.twr", "--resume", "-n", "2500"];
    for (const at of [1, 900, 1700]) {
      await using running = startTwinloom([...BEAM, ...line, "--rate", "2000"], cwd);
      await messagesIn("killed.twr", at);
      await running.end("SIGKILL");
    }
    const before = (await payloadsOf("killed.twr")).length;
    const { stdout } = await testbeam(...line, "--rate", "0", "--json");
    const again = Math.min(1000, before);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ fromSequence: before, nextSequence: 2500, events: 2500 - before, repeated: again, complete: true },
    });
    expect(Buffer.concat(await payloadsOf("killed.twr")).equals(Buffer.concat(await expected(2500)))).toBe(true);
    await taking;
  });

  it("ends cleanly with SIGINT: what was published is recorded, and it goes on", async () => {
    await using broker = await listening();
    const received = take(broker.subscription, 5000);
    const line = [...BEAM, ...FILE, "--to", `${broker.url}/beam`, "--record", "ended.twr"];
    await using running = startTwinloom([...line, "--rate", "500"], cwd);
    await messagesIn("ended.twr", 200);
    const { code, stdout } = await running.end("SIGINT");
    expect([code, stdout]).toEqual([0, expect.stringMatching(/ended early; --resume goes on\n$/)]);
    const recorded = await payloadsOf("ended.twr");
    expect(stdout).toContain(`${recorded.length} events of testbeam/ecal (0 to ${recorded.length - 1})`);
    await broker.subscription[Symbol.asyncDispose]();
    expect(Buffer.concat(await received).equals(Buffer.concat(recorded))).toBe(true);
    const resumed = await testbeam(...line.slice(4), "--resume", "--rate", "0", "-n", "1500", "--json");
    expect(JSON.parse(resumed.stdout)).toMatchObject({ fromSequence: recorded.length, nextSequence: 1500 });
    expect(Buffer.concat(await payloadsOf("ended.twr")).equals(Buffer.concat(await expected(1500)))).toBe(true);
  });

  it("gives up where no broker is, with what was made in the recording, and goes on when there is one", async () => {
    const record = [...FILE, "--record", "alone.twr", "--rate", "0", "-n", "1200"];
    const failed = await testbeam(...record, "--to", "mqtt://127.0.0.1:1/beam", "--reconnect-ms", "200");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain("the broker is not to be had; trying again (connect ECONNREFUSED");
    expect(failed.stderr).toContain("TWIN_STREAM_UNREACHABLE");
    expect(failed.stderr).toContain("--reconnect-ms is how long it is waited for");
    expect(failed.stderr).toContain("What was made until now is in alone.twr; --resume goes on with it.");
    expect((await payloadsOf("alone.twr")).length).toBeLessThanOrEqual(1000);
    await using broker = await listening();
    const received = take(broker.subscription, 1200);
    expect((await testbeam(...record, "--to", `${broker.url}/beam`, "--resume")).code).toBe(0);
    const events = await expected(1200);
    expect(Buffer.concat(await received).equals(Buffer.concat(events))).toBe(true);
    expect(Buffer.concat(await payloadsOf("alone.twr")).equals(Buffer.concat(events))).toBe(true);
  });

  it("ends with SIGINT also where the broker is away, and says what is not confirmed", async () => {
    const line = [...BEAM, ...FILE, "--rate", "0", "-n", "1200", "--to", "mqtt://127.0.0.1:1/beam", "--json"];
    await using running = startTwinloom([...line, "--record", "unconfirmed.twr"], cwd);
    await running.printed("trying again");
    await messagesIn("unconfirmed.twr", 1000);
    const { code, stdout } = await running.end("SIGINT");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ events: 1000, unconfirmed: 1000, complete: false });
    expect((await payloadsOf("unconfirmed.twr")).length).toBe(1000);
  });

  it("stops on a full disk with a recording without holes, publishes nothing beyond it, and goes on", async ({
    skip,
  }) => {
    const disk = join(cwd, "disk");
    await mkdir(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], { stdio: "ignore" });
    } catch {
      skip("mounting a small disk needs root");
    }
    try {
      await writeFile(join(disk, "ballast"), Buffer.alloc(400_000));
      await using broker = await listening();
      const received = take(broker.subscription, 5000);
      const line = [...FILE, "--record", "disk/full.twr", "--rate", "0", "-n", "200"];
      const full = await testbeam(...line, "--to", `${broker.url}/beam`);
      expect([full.code, full.stderr]).toEqual([1, expect.stringContaining("TWIN_WRITE_FAILED")]);
      const recorded = await payloadsOf("disk/full.twr");
      await broker.subscription[Symbol.asyncDispose]();
      const published = await received;
      expect(recorded.length).toBeGreaterThan(10);
      expect(recorded.length).toBeLessThan(200);
      const events = Buffer.concat(await expected(200));
      expect(events.subarray(0, Buffer.concat(recorded).length).equals(Buffer.concat(recorded))).toBe(true);
      expect(Buffer.concat(published).equals(Buffer.concat(recorded))).toBe(true);
      await rm(join(disk, "ballast"));
      expect((await testbeam(...line, "--resume")).code).toBe(0);
      expect(Buffer.concat(await payloadsOf("disk/full.twr")).equals(events)).toBe(true);
    } finally {
      execFileSync("umount", [disk]);
    }
  });
});

describe("twinloom detector testbeam refuses", () => {
  it.each([
    [["--rate", "0"], "Give --to, the stream that events are published to, or --record"],
    [["--to", "mqtt://localhost/x", "--resume"], "--resume goes on with a recording"],
    [["--record", "x.twr", "--rate", "-1"], "It must be between 0 and 1000000"],
    [["--record", "x.twr", "--count", "0"], "It must be at least 1"],
    [["--record", "x.twr", "--from-sequence", "5000"], "the script has 5000 events, 0 to 4999"],
    [["--record", "x.twr", "--model", "gan", ...FILE], "give one of them"],
    [["--record", "x.twr", "--model", "gflahs"], "there is no such model"],
    [["--to", "localhost/x"], "--to: it must be mqtt://"],
    [["--to", "mqtt://localhost/x/#"], '--to: "x/#" stands for many topics'],
    [["--to", "mqtt://localhost/x", "--tls-ca", "a.pem"], "TLS needs a --to address that begins with mqtts://"],
    [["--to", "mqtts://localhost/x", "--tls-key", "a.pem"], "`certificate` and `key` go together"],
    [["--to", "mqtt://a.example/x", "--username", "a", "--password-env", "P"], "or give --insecure"],
    [["--to", "mqtt://localhost/x", "--password-env", "P"], "--password-env needs a --username"],
  ])("%s as wrong usage", async (more, message) => {
    const { code, stderr } = await testbeam(...more);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(existsSync(join(cwd, "x.twr"))).toBe(false);
  });

  it("a password in the address, and does not repeat it", async () => {
    const { code, stderr } = await testbeam("--to", "mqtt://me:geheim@localhost/x");
    expect([code, stderr]).toEqual([2, expect.stringContaining("are options of their own")]);
    expect(stderr).not.toContain("geheim");
  });

  it("a script that is wrong, telling where", async () => {
    await writeFile(join(cwd, "wrong.yaml"), SCRIPT.replace("layers: [7]", "layers: [77]"));
    const { code, stderr } = await runTwinloom(
      ["detector", "testbeam", "--script", "wrong.yaml", "--record", "x.twr"],
      {
        cwd,
      },
    );
    expect([code, stderr]).toEqual([1, expect.stringMatching(/wrong\.yaml:10:\d+ .*There is no layer 77/)]);
    const missing = await runTwinloom(["detector", "testbeam", "--script", "no.yaml", "--record", "x.twr"], { cwd });
    expect(missing.stderr).toContain("TWIN_FILE_NOT_FOUND");
    expect(existsSync(join(cwd, "x.twr"))).toBe(false);
  });

  it("showers of another geometry, or for another thickness", async () => {
    await using twin = await createTwin({ plugins: { files: hdf5() } });
    await twin.files.write(join(cwd, "other.h5"), showerFile([5000, 6000], new Float32Array(2 * 144).fill(1), 144));
    const other = await testbeam("--record", "x.twr", "--showers", "other.h5");
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining("TWIN_SHOWERS_INVALID")]);
    const thick = await testbeam("--record", "x.twr", "--showers", `1.5=${SAMPLE}`);
    expect([thick.code, thick.stderr]).toEqual([1, expect.stringContaining("1.4 mm, and there is no set of showers")]);
    const change = "  - { change: absorber, at: { event: 5 }, absorberMm: 1.5 }\n";
    await writeFile(join(cwd, "thicker.yaml"), SCRIPT + change);
    const args = ["detector", "testbeam", "--script", "thicker.yaml", ...FILE, "--rate", "0", "-n", "9"];
    // The file says that it is of 1.4 mm.
    const thin = await runTwinloom([...args, "--record", "x.twr"], { cwd });
    expect([thin.code, thin.stderr]).toEqual([1, expect.stringContaining("There are: 1.4 mm")]);
    const both = await runTwinloom([...args, "--showers", `1.5=${SAMPLE}`, "--record", "thicker.twr"], { cwd });
    expect(both.code).toBe(0);
    expect((await payloadsOf("thicker.twr")).length).toBe(9);
    expect(existsSync(join(cwd, "x.twr"))).toBe(false);
  });

  it("a recording that is there, and one of something else", async () => {
    await testbeam(...FILE, "--record", "there.twr", "--rate", "0", "-n", "30");
    const { size } = await stat(join(cwd, "there.twr"));
    const exists = await testbeam(...FILE, "--record", "there.twr", "-n", "40");
    expect([exists.code, exists.stderr]).toEqual([1, expect.stringContaining("Give another name, or give --resume.")]);
    const begun = await testbeam(...FILE, "--record", "there.twr", "--resume", "--from-sequence", "10");
    expect([begun.code, begun.stderr]).toEqual([2, expect.stringContaining("the recording begins with event 0")]);
    await writeFile(join(cwd, "other.yaml"), SCRIPT.replace("testbeam/ecal", "testbeam/hcal"));
    const args = ["detector", "testbeam", "--script", "other.yaml", ...FILE, "--record", "there.twr", "--resume"];
    const { code, stderr } = await runTwinloom(args, { cwd });
    expect([code, stderr]).toEqual([1, expect.stringContaining('its events are of "testbeam/ecal"')]);
    expect((await stat(join(cwd, "there.twr"))).size).toBe(size);
    const none = await testbeam(...FILE, "--record", "drift.yaml", "--resume");
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining("TWIN_FILE_UNREADABLE")]);
  });
});
