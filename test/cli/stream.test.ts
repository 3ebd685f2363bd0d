import { existsSync } from "node:fs";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createTwin, encodeEvent, NdArray, type StreamEvent } from "twinloom";
import { mqttStream } from "twinloom/modules/mqtt";
import { openRecording, readRecording } from "twinloom/modules/recording";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Outcome, runTwinloom } from "./run-command-line.ts";
import { type RunningTwinloom, startTwinloom } from "./stream-process.ts";

let cwd = "";
let broker: RunningTwinloom;
let url = "";
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "twinloom-stream-"));
  broker = startTwinloom(["stream", "broker", "--port", "0"], cwd);
  url = (await broker.printed("broker at ")).replace("broker at ", "");
  await record("lines.twr", EVENTS);
});
afterAll(async () => {
  await broker[Symbol.asyncDispose]();
  await rm(cwd, { recursive: true });
});

const stream = (...args: readonly string[]): Promise<Outcome> => runTwinloom(["stream", ...args], { cwd });

function eventOf(sequence: number, more: Partial<StreamEvent> = {}): StreamEvent {
  return {
    source: "testbeam/ecal",
    sequence: BigInt(sequence),
    id: BigInt(sequence),
    run: "r7",
    timeNs: 1_795_334_400_000_500_000n,
    conditions: { incident_energy: 7548.962, temperature: 20 },
    tensors: { shower: new NdArray(Float32Array.of(0, 1.5), { dtype: "float32", shape: [2] }) },
    ...more,
  };
}

const EVENTS = Array.from({ length: 25 }, (_, sequence) => encodeEvent(eventOf(sequence)));

async function record(name: string, payloads: readonly Uint8Array[]): Promise<string> {
  await using recording = await openRecording(join(cwd, name));
  await Promise.all(payloads.map((payload) => recording.append(payload)));
  return name;
}

async function payloadsOf(name: string): Promise<readonly Buffer[]> {
  const payloads: Buffer[] = [];
  for await (const { payload } of readRecording(join(cwd, name))) payloads.push(Buffer.from(payload));
  return payloads;
}

async function publish(topic: string, payloads: readonly Uint8Array[]): Promise<void> {
  await using twin = await createTwin({ plugins: { events: mqttStream({ url, topic }) } });
  await Promise.all(payloads.map((payload) => twin.events.publish(payload)));
}

const equal = (some: readonly Uint8Array[], others: readonly Uint8Array[]): boolean =>
  some.length === others.length && Buffer.concat(some).equals(Buffer.concat(others));

describe("twinloom stream show", () => {
  it("has a line for each event of a recording, ten of them or as many as are asked for", async () => {
    const { code, stdout } = await stream("show", "lines.twr");
    const lines = stdout.trim().split("\n");
    expect([code, lines.length]).toEqual([0, 10]);
    expect(lines[9]).toBe(
      `testbeam/ecal #9  r7  2026-11-22T08:00:00.000500000Z  incident_energy=7549  temperature=20  shower float32[2]  ${EVENTS[9]?.length} B`,
    );
    const some = await stream("show", "lines.twr", "--skip", "23", "-n", "5");
    expect(some.stdout.match(/#\d+/g)).toEqual(["#23", "#24"]);
  });

  it("tells of what is no event why, and of an end that is torn; and lets no message steer the terminal", async () => {
    const odd = encodeEvent(eventOf(1, { source: "\u001b[31mred", run: "", conditions: {}, tensors: {} }));
    await record("odd.twr", [Buffer.from("{ no json"), Buffer.alloc(0), odd]);
    await appendFile(join(cwd, "odd.twr"), Buffer.alloc(100, 1));
    const { code, stdout, stderr } = await stream("show", "odd.twr");
    const lines = stdout.trim().split("\n");
    expect(code).toBe(0);
    expect(lines[0]).toMatch(/^0 {2}9 B {2}no event: .*is no JSON/);
    expect(lines[1]).toMatch(/^1 {2}0 B {2}no event: .*source is missing/);
    expect(lines[2]).toMatch(/^\\u001b\[31mred #1 {2}2026-/);
    expect(stderr).toContain("the last 100 bytes are of a write that was never finished");
  });

  it("has for programs the events with their tensors, or the problem", async () => {
    await record("json.twr", [EVENTS[3] as Uint8Array, Buffer.from("{}")]);
    const { stdout } = await stream("show", "json.twr", "--json");
    expect(JSON.parse(stdout)).toEqual([
      {
        bytes: EVENTS[3]?.length,
        event: {
          ...{ source: "testbeam/ecal", sequence: "3", id: "3", run: "r7", timeNs: "1795334400000500000" },
          conditions: { incident_energy: 7548.962, temperature: 20 },
          tensors: [expect.objectContaining({ name: "shower", dtype: "FLOAT32", shape: [2] })],
        },
      },
      { bytes: 2, problem: expect.stringContaining("source") },
    ]);
  });

  it("shows a stream as it comes, and ends with what it has when it is interrupted", async () => {
    await using few = startTwinloom(["stream", "show", `${url}/shown`, "-n", "2"], cwd);
    await using many = startTwinloom(["stream", "show", `${url}/shown`, "-n", "100"], cwd);
    await Promise.all([few, many].map((each) => each.printed("listening to")));
    await publish("shown", EVENTS.slice(0, 4));
    const first = await few.ended();
    expect([first.code, first.stdout.match(/#\d+/g)]).toEqual([0, ["#0", "#1"]]);
    await many.printed("#3");
    const { code, stdout } = await many.end("SIGINT");
    expect([code, stdout.match(/#\d+/g)]).toEqual([0, ["#0", "#1", "#2", "#3"]]);
  });
});

describe("twinloom stream record and replay", () => {
  it("bring a recording over a broker byte for byte, events or not", async () => {
    const payloads = [...EVENTS, Buffer.from("no event"), Buffer.alloc(100_000, 7), Buffer.alloc(0)];
    await record("first.twr", payloads);
    const line = ["stream", "record", "--from", `${url}/copied`, "--out", "second.twr", "-n", `${payloads.length}`];
    await using recording = startTwinloom(line, cwd);
    await recording.printed("listening to");
    const replayed = await stream("replay", "first.twr", "--to", `${url}/copied`, "--json");
    expect(JSON.parse(replayed.stdout)).toMatchObject({ file: "first.twr", messages: 28, complete: true });
    const { code, stdout } = await recording.ended();
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining(`28 messages, ${Buffer.concat(payloads).length} bytes: second.twr`),
    ]);
    expect(equal(await payloadsOf("second.twr"), payloads)).toBe(true);
  });

  it("replay at a rate", async () => {
    await record("slow.twr", EVENTS);
    const { stdout } = await stream("replay", "slow.twr", "--to", `${url}/slow`, "--rate", "50", "--json");
    expect(JSON.parse(stdout).seconds).toBeGreaterThan(0.478);
  });

  it("record until they are interrupted, and go on under a name with what came meanwhile", async () => {
    const line = ["stream", "record", "--from", `${url}/named`, "--out", "named.twr", "--name", "night"];
    await using recording = startTwinloom(line, cwd);
    await recording.printed("listening to");
    await publish("named", EVENTS.slice(0, 5));
    // The file is made a moment after it listens.
    while (!existsSync(join(cwd, "named.twr")) || (await payloadsOf("named.twr")).length < 5) await sleep(20);
    const { code, stdout } = await recording.end("SIGINT");
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^5 messages, \d+ bytes: named\.twr$/m)]);
    await publish("named", EVENTS.slice(5, 9));
    const refused = await runTwinloom(line, { cwd });
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("or give --append")]);
    const again = await runTwinloom([...line, "--append", "-n", "4", "--json"], { cwd });
    expect(JSON.parse(again.stdout)).toMatchObject({ file: "named.twr", messages: 4, complete: true });
    expect(equal(await payloadsOf("named.twr"), EVENTS.slice(0, 9))).toBe(true);
  });

  it.each([
    [["record", "--from", "file.twr", "--out", "x.twr"], 2, "--from: it must be mqtt://"],
    [
      ["record", "--from", "mqtt://127.0.0.1:1/x", "--out", "x.twr", "--reconnect-ms", "0"],
      1,
      "TWIN_STREAM_UNREACHABLE",
    ],
    [["replay", "lines.twr", "--to", "mqtt://127.0.0.1:1/x", "--reconnect-ms", "150"], 1, "TWIN_STREAM_UNREACHABLE"],
    [["replay", "none.twr", "--to", "mqtt://127.0.0.1:1/x"], 1, "TWIN_FILE_NOT_FOUND"],
    [["replay", "text.twr", "--to", "mqtt://127.0.0.1:1/x"], 1, "TWIN_FILE_UNREADABLE"],
    [["replay", "text.twr", "--to", "mqtt://h/x", "--rate", "-5"], 2, "It must be between 0 and 1000000"],
    [["show", "text.twr"], 1, "TWIN_FILE_UNREADABLE"],
    [["show", "mqtt://localhost"], 2, "it must be mqtt://"],
    [["broker", "--port", "70000"], 2, "It must be between 0 and 65535"],
  ])("refuse %s", async (args, expected, message) => {
    await writeFile(join(cwd, "text.twr"), "this is no recording");
    const { code, stderr } = await stream(...args);
    expect([code, stderr]).toEqual([expected, expect.stringContaining(message)]);
  });
});

describe("twinloom stream broker", () => {
  it("tells its address for programs, refuses a port that is taken, and ends with code 0", async () => {
    await using other = startTwinloom(["stream", "broker", "--port", "0", "--json"], cwd);
    const told = JSON.parse(await other.printed("url"));
    expect(told.url).toMatch(/^mqtt:\/\/127\.0\.0\.1:\d+$/);
    const taken = await stream("broker", "--port", told.url.split(":").at(-1));
    expect([taken.code, taken.stderr]).toEqual([1, expect.stringContaining("Choose another --port")]);
    expect((await other.end("SIGTERM")).code).toBe(0);
  });
});
