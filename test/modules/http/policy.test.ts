import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  createTwin,
  env,
  FileUnreadableError,
  openSource,
  readBytes,
  redactLocation,
  type SourceEntry,
} from "../../../core/index.ts";
import { http } from "../../../modules/http/index.ts";
import { isPrivate, publicLookup } from "../../../modules/http/public-address.ts";
import { type HttpServer, startHttpServer } from "../../servers/http-server.ts";
import { type HttpSetup, httpSetup, sampleBytes } from "./shared.ts";

const bytes = sampleBytes(10_000);
let server: HttpServer;
let other: HttpServer;
let setup: HttpSetup;

beforeEach(async () => {
  process.env["TWINLOOM_TEST_TOKEN"] = "s3cret";
  server = await startHttpServer({
    files: { "/data/a.nc": bytes, "/secret.nc": bytes },
    authorization: "Bearer s3cret",
  });
  other = await startHttpServer({ files: { "/data/a.nc": bytes, "/b.nc": bytes } });
  setup = await httpSetup(server.origin, { bearer: env("TWINLOOM_TEST_TOKEN") });
});
afterEach(async () => {
  delete process.env["TWINLOOM_TEST_TOKEN"];
  await server.close();
  await other.close();
  await setup.dispose();
});

describe("credentials", () => {
  it("are read from the environment when they are used, and sent", async () => {
    const url = `${server.origin}/data/a.nc`;
    await using file = await setup.source.open(url);
    expect(await readBytes(file, 0, 100)).toEqual(bytes.slice(0, 100));
    process.env["TWINLOOM_TEST_TOKEN"] = "wrong";
    await expect(setup.source.open(url)).rejects.toMatchObject({
      code: "TWIN_FILE_UNREADABLE",
      message: expect.stringMatching(/401.*credentials/),
    });
    delete process.env["TWINLOOM_TEST_TOKEN"];
    await expect(setup.source.open(url)).rejects.toMatchObject({ code: "TWIN_SECRET_MISSING" });
  });

  it("are basic authentication and headers, too", async () => {
    const basic = `Basic ${Buffer.from("ann:s3cret").toString("base64")}`;
    await using guarded = await startHttpServer({ files: { "/a.nc": bytes }, authorization: basic });
    const options = {
      username: "ann",
      password: env("TWINLOOM_TEST_TOKEN"),
      headers: { "x-key": env("TWINLOOM_TEST_TOKEN") },
    };
    const { source, dispose } = await httpSetup(guarded.origin, options);
    await using file = await source.open(`${guarded.origin}/a.nc`);
    expect(file.bytes).toBe(10_000);
    expect(guarded.requests[0]?.headers["x-key"]).toBe("s3cret");
    await dispose();
  });

  it("never follow a redirect to another origin, even an allowed one", async () => {
    const { source, dispose } = await httpSetup(server.origin, {
      bearer: env("TWINLOOM_TEST_TOKEN"),
      redirects: [other.origin],
    });
    server.always({ kind: "redirect", to: `${other.origin}/b.nc` });
    await using file = await source.open(`${server.origin}/data/a.nc`);
    expect(await readBytes(file, 5000, 100)).toEqual(bytes.slice(5000, 5100));
    expect(other.requests.length).toBeGreaterThan(0);
    for (const { headers } of other.requests) expect(headers.authorization).toBeUndefined();
    await dispose();
  });

  it("are not taken where they could go to any host", async () => {
    const problems = async (web: ReturnType<typeof http>): Promise<string> =>
      await createTwin({ plugins: { web } }).then(
        () => "none",
        (error: Error) => error.message,
      );
    const bearer = env("TWINLOOM_TEST_TOKEN");
    expect(await problems(http({ bearer }))).toMatch(/need a `prefix` with a host/);
    expect(await problems(http({ prefix: "https://", headers: { "x-key": "1" } }))).toMatch(
      /need a `prefix` with a host/,
    );
    expect(await problems(http({ prefix: "https://a.org", username: "ann" }))).toMatch(/go together/);
    expect(await problems(http({ prefix: "https://a.org", bearer, username: "ann", password: bearer }))).toMatch(
      /either/,
    );
    expect(await problems(http({ prefix: "https://a.org", bearer }))).toBe("none");
  });

  it("within a location are refused, and not repeated", async () => {
    const location = `${server.origin.replace("//", "//ann:s3cret@")}/data/a.nc`;
    const refused = setup.source.open(location);
    await expect(refused).rejects.toMatchObject({ code: "TWIN_LOCATION_REFUSED" });
    await expect(refused).rejects.not.toThrow(/s3cret/);
  });

  it("within a query are in no message, and in no location that is recorded", async () => {
    const url = `${server.origin}/data/a.nc?X-Amz-Signature=abc&var=tas&access_token=def`;
    await using file = await setup.source.open(url);
    const shown = `${server.origin}/data/a.nc?X-Amz-Signature=…&var=tas&access_token=…`;
    expect(file.location).toBe(shown);
    await expect(readBytes(file, 0, 20_000)).rejects.toMatchObject({ location: shown });
    expect(redactLocation("https://u:p@host/a?b=1&Key=2#c")).toBe("https://host/a?b=1&Key=…");
    expect(redactLocation("data/a?token=1.nc")).toBe("data/a?token=1.nc");
    expect(redactLocation("https://host:8080/a#token=1")).toBe("https://host:8080/a");
    expect(redactLocation("http://[::1]:80/a@b")).toBe("http://[::1]:80/a@b");
    for (const slip of ["https://u:p/w@host/", "https://u:p?w@host/", "https://u:p#w@host/"]) {
      expect(redactLocation(slip)).toBe("https://…");
    }
    expect(redactLocation("s3://bucket/a#b.nc")).toBe("s3://bucket/a#b.nc");
  });
});

describe("what is secret in a location", () => {
  it("is in no error, whoever finds what is wrong", async () => {
    const secret = "https://ann:hunter2@nobody.example/a.nc?X-Amz-Signature=hunter2";
    for (const error of [
      new FileUnreadableError(secret, "it is no NetCDF file."),
      await openSource(secret, []).catch((refused: Error) => refused),
      await openSource(secret, [setup.source]).catch((refused: Error) => refused),
    ]) {
      expect(error).toBeInstanceOf(Error);
      expect(`${(error as Error).message} ${JSON.stringify(error)}`).not.toContain("hunter2");
    }
  });

  it("that makes no header is no failure that passes", async () => {
    process.env["BROKEN_TOKEN"] = "hunter2\nx: y";
    const { source, pauses, dispose } = await httpSetup(server.origin, { bearer: env("BROKEN_TOKEN") });
    const failure = await source.open(`${server.origin}/data/a.nc`).catch((error: Error) => error);
    expect(failure).toMatchObject({ code: "TWIN_FILE_UNREADABLE" });
    expect(String(failure)).not.toContain("hunter2");
    expect(pauses).toEqual([]);
    delete process.env["BROKEN_TOKEN"];
    await dispose();
  });
});

describe("redirects", () => {
  it.for([301, 302, 303, 307, 308] as const)("%i within the origin is followed", async (status) => {
    server.next({ kind: "redirect", to: "/data/a.nc", status });
    await using file = await setup.source.open(`${server.origin}/old.nc`);
    expect(await readBytes(file, 0, 100)).toEqual(bytes.slice(0, 100));
  });

  it.for([
    "http://169.254.169.254/latest/meta-data/",
    "http://localhost:1/a.nc",
    "http://[::1]/a.nc",
    "file:///etc/passwd",
    "http://ann:pw@127.0.0.1/",
    "ftp://elsewhere/a.nc",
    "http://",
  ])("to %s are refused", async (to) => {
    server.next({ kind: "redirect", to });
    await expect(setup.source.open(`${server.origin}/data/a.nc`)).rejects.toMatchObject({
      code: "TWIN_LOCATION_REFUSED",
    });
    expect(server.requests).toHaveLength(1);
  });

  it("to another server are refused, and it is never asked", async () => {
    server.next({ kind: "redirect", to: `${other.origin}/b.nc` });
    await expect(setup.source.open(`${server.origin}/data/a.nc`)).rejects.toMatchObject({
      code: "TWIN_LOCATION_REFUSED",
      message: expect.stringContaining("`redirects`"),
    });
    expect(other.requests).toEqual([]);
  });

  it("out of the prefix are refused", async () => {
    const { source, dispose } = await httpSetup(server.origin, {
      bearer: env("TWINLOOM_TEST_TOKEN"),
      prefixes: [`${server.origin}/data/`],
    });
    server.next({ kind: "redirect", to: "/secret.nc" });
    await expect(source.open(`${server.origin}/data/a.nc`)).rejects.toMatchObject({ code: "TWIN_LOCATION_REFUSED" });
    await dispose();
  });

  it("in a circle end", async () => {
    server.always({ kind: "redirect", to: "/data/a.nc" });
    await expect(setup.source.open(`${server.origin}/data/a.nc`)).rejects.toMatchObject({
      code: "TWIN_SOURCE_UNAVAILABLE",
      message: expect.stringContaining("redirects more than"),
    });
    expect(server.requests).toHaveLength(6);
  });
});

describe("locations", () => {
  it.for([
    "../secret.nc",
    "%2e%2e/secret.nc",
    ".%2E/secret.nc",
    "..%2fsecret.nc",
    "%252e%252e%252fsecret.nc",
    "..%5csecret.nc",
    "x/../../secret.nc",
  ])("that climb out of the prefix are refused: %s", async (path) => {
    const prefixes = [`${server.origin}/data/`];
    const { source, dispose } = await httpSetup(server.origin, { prefixes });
    await expect(source.open(`${server.origin}/data/${path}`)).rejects.toMatchObject({ code: "TWIN_LOCATION_REFUSED" });
    expect(server.requests).toEqual([]);
    await dispose();
  });

  it("of private addresses are refused unless named", async () => {
    await using twin = await createTwin({ plugins: { web: http({ cache: { folder: setup.folder } }) } });
    for (const location of [
      `${other.origin}/b.nc`,
      `${other.origin.replace("127.0.0.1", "localhost")}/b.nc`,
      "http://0x7f.1/b.nc",
      "http://[::ffff:127.0.0.1]/b.nc",
      "http://2130706433/",
    ]) {
      await expect(openSource(location, [twin.web]), location).rejects.toMatchObject({ code: "TWIN_LOCATION_REFUSED" });
    }
    expect(other.requests).toEqual([]);
    await using named = await createTwin({
      plugins: { web: http({ prefix: other.origin, cache: { folder: setup.folder } }) },
    });
    await using file = await openSource(`${other.origin}/b.nc`, [named.web]);
    expect(file.bytes).toBe(10_000);
    await expect(openSource(`${other.origin}0/b.nc`, [named.web])).rejects.toMatchObject({
      code: "TWIN_LOCATION_REFUSED",
    });
  });

  it("of names are those that are connected to, so that a name cannot change its address in between", async () => {
    const look = promisify(publicLookup((address) => new Error(`${address} is private`)));
    await expect(look("localhost", {})).rejects.toThrow("is private");
  });

  it("are private by address, however it is written", () => {
    for (const host of [
      "10.1.2.3",
      "172.31.0.1",
      "192.168.1.1",
      "100.64.0.1",
      "169.254.169.254",
      "0.0.0.0",
      "192.0.2.1",
      "fd00::1",
      "fe80::1",
      "fe80::1%eth0",
      "fec0::1",
      "::",
      "::1",
      "::ffff:10.0.0.1",
      "::ffff:a00:1",
      "::127.0.0.1",
      "64:ff9b::7f00:1",
      "64:ff9b:1::1",
      "2002:7f00:1::",
      "2001:db8::1",
    ]) {
      expect(isPrivate(host), host).toBe(true);
    }
    for (const host of ["8.8.8.8", "172.32.0.1", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808", "name"])
      expect(isPrivate(host), host).toBe(false);
  });
});

describe("listings", () => {
  it("of Apache's kind are read, patterns included", async () => {
    await using archive = await startHttpServer({
      files: Object.fromEntries(
        ["tas_1.nc", "tas_2.nc", "pr 1.nc", "2001/tas_3.nc", "2001/a/tas_4.nc", "2002/tas_5.nc"].map((name) => [
          `/d/${name}`,
          bytes,
        ]),
      ),
    });
    const { source, dispose } = await httpSetup(archive.origin);
    const list = async (pattern: string): Promise<readonly string[]> => {
      const found: SourceEntry[] = [];
      for await (const entry of source.list(`${archive.origin}${pattern}`)) found.push(entry);
      return found.map(({ location }) => location.replace(archive.origin, ""));
    };
    expect(await list("/d/")).toEqual(["/d/pr%201.nc", "/d/tas_1.nc", "/d/tas_2.nc"]);
    expect(await list("/d")).toEqual(["/d/pr%201.nc", "/d/tas_1.nc", "/d/tas_2.nc"]);
    expect(await list("/d/tas_?.nc")).toEqual(["/d/tas_1.nc", "/d/tas_2.nc"]);
    expect(await list("/d/**/tas_*.nc")).toEqual([
      "/d/2001/a/tas_4.nc",
      "/d/2001/tas_3.nc",
      "/d/2002/tas_5.nc",
      "/d/tas_1.nc",
      "/d/tas_2.nc",
    ]);
    const count = archive.requests.length;
    expect(await list("/d/200[12]/tas_*.nc")).toEqual(["/d/2001/tas_3.nc", "/d/2002/tas_5.nc"]);
    expect(archive.requests.length).toBe(count + 3);
    expect(await list("/d/tas_1.nc")).toEqual(["/d/tas_1.nc"]);
    await expect(list("/none/*.nc")).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
    archive.put("/app/", new TextEncoder().encode("<html><title>My app</title></html>"));
    await expect(list("/app/*.nc")).rejects.toMatchObject({
      code: "TWIN_FILE_UNREADABLE",
      message: expect.stringContaining("one by one"),
    });
    await dispose();
  });
});
