import { expect, test } from "vitest";
import { createTwin, type Generator } from "../../../../core/index.ts";
import { remoteGenerator } from "../../../../modules/serving/index.ts";
import { FakeGenerator, FakeLog, Gate, startServer, until } from "../server/shared.ts";

async function makeOne(generator: Generator, id: number, signal?: AbortSignal): Promise<number> {
  const conditions = { incident_energy: Float64Array.of(100) };
  const request = { conditions, eventIds: BigInt64Array.of(BigInt(id)), seed: 1n };
  for await (const { arrays } of generator.generate(request, { signal })) {
    return arrays["showers"]?.values()[0] as number;
  }
  throw new Error("nothing was made");
}

test("requests go over a stream, at the same time, and each gets its own answer", async () => {
  const log = new FakeLog();
  await using server = await startServer([{ generator: new FakeGenerator() }], {}, { log });
  const endpoints = [`127.0.0.1:${server.address.port}`];
  await using twin = await createTwin({ plugins: { shower: remoteGenerator({ endpoints, model: "fake" }) } });
  const ids = Array.from({ length: 50 }, (_, id) => id);

  expect(await Promise.all(ids.map((id) => makeOne(twin.shower, id)))).toEqual(ids);

  const methods = log.lines.map(({ fields }) => fields["method"]);
  expect(methods.filter((method) => method === "ModelStreamInfer")).toHaveLength(50);
  expect(methods).not.toContain("ModelInfer");
  await twin.stop();
});

test("who waits no longer takes back what the server has not begun, and the stream serves the others", async () => {
  const generator = new FakeGenerator();
  await using server = await startServer([{ generator }]);
  const endpoints = [`127.0.0.1:${server.address.port}`];
  await using twin = await createTwin({ plugins: { shower: remoteGenerator({ endpoints, model: "fake" }) } });
  const gate = new Gate();
  generator.gate = () => gate.opened;
  const first = makeOne(twin.shower, 1);
  await until(() => server.openRequests === 1);
  const abort = new AbortController();
  const second = makeOne(twin.shower, 2, abort.signal);
  await until(() => server.openRequests === 2);

  abort.abort(new Error("changed my mind"));
  await expect(second).rejects.toThrow("changed my mind");
  await until(() => server.openRequests === 1);
  gate.open();

  expect(await first).toBe(1);
  expect(generator.begun).toEqual([1]);
  expect(await makeOne(twin.shower, 3)).toBe(3);
  await twin.stop();
});
