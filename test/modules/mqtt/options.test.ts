import { expect, it } from "vitest";
import { createTwin, env } from "../../../core/index.ts";
import { type MqttStreamOptions, mqttBroker, mqttStream } from "../../../modules/mqtt/index.ts";
import { failureOf, openStream } from "./shared.ts";

const password = env("MQTT_TEST_PASSWORD");

it.for<readonly [MqttStreamOptions, RegExp]>([
  [{ topic: "" }, /topic/],
  [{ topic: "a/#/b" }, /"#" for the last ones/],
  [{ topic: "a+/b" }, /"\+" stands for a whole level/],
  [{ topic: "a\0b" }, /no zero/],
  [{ topic: "ü".repeat(40_000) }, /at most 65535 bytes/],
  [{ topic: "$share/g/t" }, /`group`/],
  [{ topic: "t", url: "http://broker" }, /mqtt:\/\//],
  [{ topic: "t", url: "mqtt://user:word@broker" }, /options of their own/],
  [{ topic: "t", url: "mqtt://broker:99999" }, /port/],
  [{ topic: "t", url: "mqtt://broker/path" }, /mqtt:\/\//],
  [{ topic: "t", url: "mqtt://broker", username: "u", password }, /unencrypted/],
  [{ topic: "t", url: "mqtts://broker", password }, /needs a `username`/],
  [{ topic: "t", url: "mqtt://broker", tls: {} }, /mqtts/],
  [{ topic: "t", url: "mqtts://broker", tls: { key: "k.pem" } }, /go together/],
  [{ topic: "t", url: "mqtt://broker", clientId: "with space" }, /letters, digits/],
])("refuses options that cannot be meant: %j", async ([options, message]) => {
  const error = await failureOf(createTwin({ plugins: { stream: mqttStream(options) } }));
  expect(error.message).toMatch(message);
  expect(error.message).not.toContain("word@");
});

it("takes a password where nobody can read it, or where it is said that anybody may", async () => {
  for (const options of [
    { url: "mqtts://broker" },
    { url: "mqtt://127.0.0.1:1" },
    { url: "mqtt://[::1]" },
    { url: "mqtt://broker", insecure: true },
  ]) {
    await using open = await openStream({ topic: "t", username: "u", password, ...options });
    expect(open.stream.address).toBe(`${options.url}/t`);
  }
});

it("needs a broker: by its address, or as a part of the twin", async () => {
  const error = await failureOf(createTwin({ plugins: { stream: mqttStream({ topic: "t" }) } }));
  expect(error.message).toContain("`mqttBroker()`");
  const plugins = { stream: mqttStream({ topic: "t" }), broker: mqttBroker() };
  await using twin = await createTwin({ plugins });
  expect(twin.stream.address).toBe(`${twin.broker.url}/t`);
});

it("asks for the password when it connects, and says which variable is missing", async () => {
  await using open = await openStream({ url: "mqtt://127.0.0.1:1", topic: "t", username: "u", password });
  const error = await failureOf(open.stream.subscribe());
  expect(error).toMatchObject({ code: "TWIN_SECRET_MISSING" });
  expect(error.message).toContain("MQTT_TEST_PASSWORD");
});

it("says which file of `tls` cannot be used", async () => {
  const tls = { authority: "/no/such/authority.pem" };
  await using open = await openStream({ url: "mqtts://127.0.0.1:1", topic: "t", tls });
  const error = await failureOf(open.stream.subscribe());
  expect(error).toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
  expect(error.message).toContain("`tls.authority`: /no/such/authority.pem cannot be read");
});
