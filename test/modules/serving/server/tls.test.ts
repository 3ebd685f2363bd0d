import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { InferenceServerOptions, ServerTls } from "../../../../modules/serving/index.ts";
import { loadProtos } from "../../../../modules/serving/protocol/load-protos.ts";
import { FakeGenerator, FakeLog, failureOf, PlainClient, startServer } from "./shared.ts";

const fixture = (name: string): string => fileURLToPath(new URL(`../../../fixtures/tls/${name}`, import.meta.url));
const TLS: ServerTls = { certificate: fixture("server.pem"), key: fixture("server.key") };
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-tls-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function clientOf(
  server: Awaited<ReturnType<typeof startServer>>,
  { authority = "authority.pem", identity }: { readonly authority?: string; readonly identity?: string } = {},
): Promise<PlainClient> {
  const { grpc } = await loadProtos();
  const read = (name: string): Promise<Buffer> => readFile(fixture(name));
  const credentials =
    identity === undefined
      ? grpc.credentials.createSsl(await read(authority))
      : grpc.credentials.createSsl(await read(authority), await read(`${identity}.key`), await read(`${identity}.pem`));
  // The name in the certificate: TLS knows no names that are addresses.
  return await PlainClient.of(server, { credentials, channel: { "grpc.ssl_target_name_override": "localhost" } });
}

test("a client that trusts the authority is served, one that trusts another is not, nor one that does not encrypt", async () => {
  await using server = await startServer([{ generator: new FakeGenerator() }], { tls: TLS });
  using client = await clientOf(server);
  using doubting = await clientOf(server, { authority: "stranger.pem" });
  using open = await PlainClient.of(server);

  expect(await client.ask("ServerReady")).toEqual({ ready: true });
  expect((await failureOf(doubting.ask("ServerReady"))).status).toBe("UNAVAILABLE");
  expect((await failureOf(open.ask("ServerReady"))).status).toBe("UNAVAILABLE");
});

test("with an authority of clients, only clients of it are served", async () => {
  const tls = { ...TLS, clientAuthority: fixture("authority.pem") };
  await using server = await startServer([{ generator: new FakeGenerator() }], { tls });
  using known = await clientOf(server, { identity: "client" });
  using stranger = await clientOf(server, { identity: "strange-client" });
  using nobody = await clientOf(server);

  expect(await known.ask("ServerReady")).toEqual({ ready: true });
  expect((await failureOf(stranger.ask("ServerReady"))).status).toBe("UNAVAILABLE");
  expect((await failureOf(nobody.ask("ServerReady"))).status).toBe("UNAVAILABLE");
});

test("files that cannot be used are told when the server starts", async () => {
  const garbage = join(folder, "garbage.pem");
  await writeFile(garbage, "no certificate");
  const der = join(folder, "server.der");
  const own = await readFile(TLS.certificate, "utf8");
  await writeFile(der, new X509Certificate(own).raw);
  const second = join(folder, "second.pem");
  const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  await writeFile(second, `${await readFile(fixture("authority.pem"), "utf8")}\n${broken}`);
  const start = (tls: Partial<ServerTls>): Promise<unknown> => startServer([], { tls: { ...TLS, ...tls } });

  for (const [tls, message] of [
    [{ certificate: join(folder, "none.pem") }, /certificate ".*none\.pem" cannot be read: ENOENT/],
    [{ certificate: garbage }, /certificate ".*garbage\.pem" is no certificate in PEM/],
    [{ certificate: der }, /certificate ".*server\.der" is no certificate in PEM.*openssl x509 -inform DER/],
    [{ clientAuthority: der }, /authority of clients ".*server\.der" is no certificate in PEM/],
    [{ clientAuthority: second }, /second\.pem" cannot be read: of its 2 certificates number 2 is none/],
    [{ key: garbage }, /private key ".*garbage\.pem" cannot be used/],
    [{ key: fixture("client.key") }, /is not that of the certificate/],
    [{ clientAuthority: garbage }, /authority of clients ".*garbage\.pem" is no certificate/],
  ] as const) {
    const failed = start(tls);
    await expect(failed).rejects.toMatchObject({ code: "TWIN_SERVER_START_FAILED" });
    await expect(failed).rejects.toThrow(message);
  }
});

test("a certificate that has expired is told in the log", async () => {
  const log = new FakeLog();
  const clock = { now: () => Date.UTC(2300, 0) };
  await using _server = await startServer([], { tls: TLS }, { log, clock });

  expect(log.lines).toContainEqual(expect.objectContaining({ level: "warn", message: "The certificate has expired" }));
});

test("a certificate whose time has not begun is told in the log, those of authorities too", async () => {
  const log = new FakeLog();
  const clientAuthority = fixture("authority.pem");
  const clock = { now: () => 0 };
  await using _server = await startServer([], { tls: { ...TLS, clientAuthority } }, { log, clock });

  const warnings = log.lines.filter(({ message }) => message === "The certificate is not valid yet");
  expect(warnings.map(({ fields }) => fields["certificate"])).toEqual([TLS.certificate, clientAuthority]);
});

test.each<InferenceServerOptions>([
  { host: "0.0.0.0" },
  { host: "::" },
  { host: "node7.example.org" },
  { host: "0.0.0.0", tokens: [{ name: "a", sha256: "0".repeat(64), models: ["*"] }] },
  { metricsPort: 0, metricsHost: "0.0.0.0" },
  { metricsPort: 0, metricsHost: "0.0.0.0", tls: TLS },
])("what other machines could reach unencrypted is refused: %o", async (options) => {
  await expect(startServer([], options)).rejects.toMatchObject({ code: "TWIN_SERVER_INSECURE" });
});

test.each<InferenceServerOptions>([
  { host: "127.0.0.1" },
  { host: "localhost" },
  { host: "0.0.0.0", tls: TLS },
  { host: "0.0.0.0", insecure: true, metricsPort: 0, metricsHost: "0.0.0.0" },
])("what is encrypted, stays here or was asked for in words is served: %o", async (options) => {
  await using server = await startServer([], options);

  expect(server.address.port).toBeGreaterThan(0);
});
