import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { AwsClient } from "aws4fetch";
import { freePort } from "./free-port.ts";

const python = fileURLToPath(new URL("../../.venv/bin/python", import.meta.url));

/** Another program than the one on the PATH, if it is set. */
const VERSITYGW = process.env["TWINLOOM_VERSITYGW"] ?? "versitygw";

/** Servers that the tests know; both check signatures. */
export type S3Program = "moto" | "versitygw";

/** A running S3-compatible server with one user. */
export interface S3Server extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. Buckets are addressed by path. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  makeBucket(bucket: string): Promise<void>;
  put(bucket: string, key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  close(): Promise<void>;
}

/**
 * Why a server cannot be started here; `undefined` when it can. `TWINLOOM_REQUIRE_SERVICES=1` turns that into a failure
 * of its start. moto comes with `scripts/python-venv.sh`; versitygw with
 * `go install github.com/versity/versitygw/cmd/versitygw@v1.8.0`.
 */
export function s3Missing(program: S3Program): string | undefined {
  if (program === "moto") {
    if (process.env["TWINLOOM_REQUIRE_SERVICES"] === "1" || existsSync(python)) return undefined;
    return "needs scripts/python-venv.sh";
  }
  try {
    execFileSync(VERSITYGW, ["--version"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "needs versitygw on the PATH";
  }
}

/**
 * Starts an S3-compatible server on this machine, with credentials of its own: two servers accept different ones.
 *
 * @example
 * await using server = await startS3Server("moto");
 * await server.makeBucket("climate");
 * await server.put("climate", "tas/2001.nc", bytes);
 */
export async function startS3Server(program: S3Program = "moto"): Promise<S3Server> {
  const { stop, ...reached } = await (program === "moto" ? startMoto() : startVersity());
  const client = new AwsClient({ ...reached, service: "s3", retries: 0 });
  const send = async (path: string, body?: Uint8Array<ArrayBuffer>): Promise<void> => {
    const url = `${reached.endpoint}/${path.split("/").map(escaped).join("/")}`;
    const response = await client.fetch(url, { method: "PUT", ...(body && { body }) });
    if (!response.ok) throw new Error(`PUT ${url}: ${response.status} ${await response.text()}`);
    await response.arrayBuffer();
  };
  return {
    ...reached,
    makeBucket: (bucket) => send(bucket),
    put: (bucket, key, bytes) => send(`${bucket}/${key}`, bytes),
    close: stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** As signatures demand: all but the unreserved letters (RFC 3986, 2.3). */
function escaped(text: string): string {
  const hexadecimal = (letter: string): string => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, hexadecimal);
}

interface Started {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  stop(): Promise<void>;
}

async function startMoto(): Promise<Started> {
  const script = fileURLToPath(new URL("s3-moto.py", import.meta.url));
  const child = spawn(python, [script], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), "line"),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`moto ended with ${code}`))),
  ])) as [string];
  const told = JSON.parse(line) as Pick<Started, "endpoint" | "accessKeyId" | "secretAccessKey">;
  return { ...told, region: "us-east-1", stop: () => ended(child) };
}

async function startVersity(): Promise<Started> {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-s3-"));
  const port = await freePort();
  const user = { accessKeyId: `user${port}`, secretAccessKey: `secret-of-${port}` };
  const keys = ["--access", user.accessKeyId, "--secret", user.secretAccessKey];
  const [meta, data] = [join(folder, "meta"), join(folder, "data")];
  for (const each of [meta, data]) await mkdir(each);
  // Attributes beside the files, for file systems that keep none.
  const backend = ["posix", "--sidecar", meta, data];
  const child = spawn(VERSITYGW, ["--port", `127.0.0.1:${port}`, ...keys, ...backend], { stdio: "ignore" });
  const endpoint = `http://127.0.0.1:${port}`;
  for (let attempt = 0; ; attempt++) {
    const isUp = await fetch(endpoint).then(
      (response) => response.arrayBuffer().then(() => true),
      () => false,
    );
    if (isUp) break;
    if (attempt > 200 || child.exitCode !== null) throw new Error("versitygw did not start");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const stop = async (): Promise<void> => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  return { endpoint, region: "us-east-1", ...user, stop };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}
