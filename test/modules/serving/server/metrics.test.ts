import perfHooks from "node:perf_hooks";
import { expect, test, vi } from "vitest";
import type { InferenceServer } from "../../../../modules/serving/index.ts";
import { eventsRequest, FakeGenerator, failureOf, Gate, PlainClient, startServer, until } from "./shared.ts";

async function get(server: InferenceServer, path: string, method = "GET"): Promise<Response> {
  const { host, port } = server.metricsAddress ?? {};
  return await fetch(`http://${host}:${port}${path}`, { method });
}

/** Values by name and labels: `name{a="b"}`. */
async function metricsOf(server: InferenceServer): Promise<ReadonlyMap<string, number>> {
  const lines = (await (await get(server, "/metrics")).text()).split("\n");
  return new Map(
    lines
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );
}

test("requests, batches, times and failures are counted by model", async () => {
  await using server = await startServer([{ generator: new FakeGenerator(), version: "7" }], { metricsPort: 0 });
  using client = await PlainClient.of(server);
  await client.generate(eventsRequest([1, 2, 3]));
  await client.generate(eventsRequest([4]));
  await failureOf(client.generate(eventsRequest([1], { energy: 5000 })));
  await failureOf(client.generate(eventsRequest([1], { model: "of no name that would be a label" })));

  const metrics = await metricsOf(server);
  const labels = 'model="fake",version="7"';
  const value = (name: string, more = ""): number | undefined =>
    metrics.get(`twinloom_inference_${name}{${more}${labels}}`);
  expect(metrics.get(`twinloom_inference_requests_total{${labels},code="OK"}`)).toBe(2);
  expect(metrics.get(`twinloom_inference_requests_total{${labels},code="OUT_OF_RANGE"}`)).toBe(1);
  expect(value("request_duration_seconds_count")).toBe(3);
  expect(value("queue_duration_seconds_count")).toBe(2);
  expect(value("compute_duration_seconds_count")).toBe(2);
  expect(value("batch_rows_sum")).toBe(4);
  expect(value("batch_rows_bucket", 'le="1",')).toBe(1);
  expect(value("queue_rows")).toBe(0);
  expect(metrics.get("twinloom_inference_requests_in_flight")).toBe(0);
  expect(metrics.get("process_resident_memory_bytes")).toBeGreaterThan(0);
  expect(metrics.get('twinloom_inference_requests_total{model="",version="",code="NOT_FOUND"}')).toBe(1);
  expect([...metrics.keys()].filter((key) => key.includes("of no name"))).toEqual([]);
});

test("what waits and what is being answered is told", async () => {
  const generator = new FakeGenerator();
  const gate = new Gate();
  generator.gate = () => gate.opened;
  await using server = await startServer([{ generator }], { metricsPort: 0 });
  using client = await PlainClient.of(server);
  const first = client.generate(eventsRequest([1]));
  await until(() => generator.begun.length === 1);
  const second = client.generate(eventsRequest([2, 3]));
  await until(() => server.openRequests === 2);

  const metrics = await metricsOf(server);
  expect(metrics.get("twinloom_inference_requests_in_flight")).toBe(2);
  expect(metrics.get('twinloom_inference_queue_rows{model="fake",version="1"}')).toBe(2);
  gate.open();
  await Promise.all([first, second]);
});

test("a failed batch is counted", async () => {
  const generator = new FakeGenerator();
  generator.gate = () => Promise.reject(new Error("no"));
  await using server = await startServer([{ generator }], { metricsPort: 0 });
  using client = await PlainClient.of(server);
  await failureOf(client.generate(eventsRequest([1])));

  const metrics = await metricsOf(server);
  expect(metrics.get('twinloom_inference_batch_failures_total{model="fake",version="1"}')).toBe(1);
  expect(metrics.get('twinloom_inference_requests_total{model="fake",version="1",code="INTERNAL"}')).toBe(1);
});

test("/healthz follows what the server takes; other paths and methods are none", async () => {
  const generator = new FakeGenerator();
  const gate = new Gate();
  generator.gate = () => gate.opened;
  await using server = await startServer([], { metricsPort: 0 });
  using client = await PlainClient.of(server);

  expect((await get(server, "/healthz")).status).toBe(503);
  await server.publish([{ generator }]);
  expect((await get(server, "/healthz")).status).toBe(200);
  expect((await get(server, "/metrics")).headers.get("content-type")).toContain("text/plain");
  expect((await get(server, "/other")).status).toBe(404);
  expect((await get(server, "/metrics", "POST")).status).toBe(405);

  const answer = client.generate(eventsRequest([1]));
  await until(() => server.openRequests === 1);
  const stopped = server.stop();
  expect((await get(server, "/healthz")).status).toBe(503);
  gate.open();
  await answer;
  await stopped;
  await expect(get(server, "/healthz")).rejects.toThrow();
});

test("the page of the metrics in the documentation names every one of them", async () => {
  const { readFile } = await import("node:fs/promises");
  const page = await readFile(new URL("../../../../docs/reference/serving-metrics.md", import.meta.url), "utf8");
  await using server = await startServer([{ generator: new FakeGenerator() }], { metricsPort: 0 });
  const text = await (await get(server, "/metrics")).text();

  const told = [...text.matchAll(/^# TYPE (twinloom_\S+)/gm)].map(([, name]) => name);
  const documented = [...page.matchAll(/`(twinloom_inference_\w+)`/g)].map(([, name]) => name);
  expect(new Set(documented)).toEqual(new Set(told));
});

test("the process is measured once, and each of its servers tells of it", async () => {
  using measuring = vi.spyOn(perfHooks, "monitorEventLoopDelay");
  await using first = await startServer([], { metricsPort: 0 });
  const before = measuring.mock.calls.length;
  await using second = await startServer([], { metricsPort: 0 });

  expect(before).toBeLessThanOrEqual(1);
  expect(measuring).toHaveBeenCalledTimes(before);
  for (const server of [first, second]) {
    expect((await metricsOf(server)).get("process_resident_memory_bytes")).toBeGreaterThan(0);
  }
});
