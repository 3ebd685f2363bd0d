import { createHash, createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type HttpServer, type HttpServerOptions, startHttpServer } from "./http-server.ts";

/** Small pages, so that every listing has several. */
const PAGE = 2;

/** Whom a {@link startStrictS3} server knows. */
export interface StrictS3Options {
  /** By bucket and key: `{ "/climate/tas.nc": bytes }`. */
  readonly files: NonNullable<HttpServerOptions["files"]>;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** How far the clock of the server is ahead, ms. */
  readonly skewMs?: number;
}

/**
 * An S3-compatible server within this process that does wrong what it is told to, as {@link startHttpServer}. It checks
 * signatures by the rules that Amazon publishes ("Signature Version 4"), written anew, and lists by ListObjectsV2.
 */
export async function startStrictS3(options: StrictS3Options): Promise<HttpServer> {
  return await startHttpServer({
    files: options.files,
    answers: (request, sizes) => {
      const problem = problemOf(request, options);
      if (problem !== undefined) return { status: 403, type: "application/xml", body: errorPage(problem) };
      const url = new URL(request.url ?? "/", "http://host");
      if (!url.searchParams.has("list-type")) {
        const isThere = sizes.has(decodeURIComponent(url.pathname));
        return isThere ? undefined : { status: 404, type: "application/xml", body: errorPage("NoSuchKey") };
      }
      return { status: 200, type: "application/xml", body: listPage(url, sizes) };
    },
  });
}

function problemOf(
  request: IncomingMessage,
  { accessKeyId, secretAccessKey, skewMs = 0 }: StrictS3Options,
): string | undefined {
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
  const [, id, day = "", region = "", names = "", signature] = pattern.exec(request.headers.authorization ?? "") ?? [];
  if (signature === undefined) return "AccessDenied";
  if (id !== accessKeyId) return "InvalidAccessKeyId";
  const header = (name: string): string =>
    String(request.headers[name] ?? "")
      .trim()
      .replaceAll(/ +/g, " ");
  const stamp = header("x-amz-date");
  const [, y, m, d, hh, mm, ss] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp) ?? [];
  const sentMs = Date.UTC(Number(y), Number(m) - 1, Number(d), Number(hh), Number(mm), Number(ss));
  if (!(Math.abs(Date.now() + skewMs - sentMs) < 15 * 60_000)) return "RequestTimeTooSkewed";
  const url = new URL(request.url ?? "/", "http://host");
  const query = [...url.searchParams]
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
    .sort(byUnit)
    .join("&");
  const path = decodeURIComponent(url.pathname).split("/").map(escaped).join("/");
  const signed = names.split(";");
  if (!signed.includes("host")) return "AccessDenied";
  const headers = signed.map((name) => `${name}:${header(name)}\n`).join("");
  const canonical = ["GET", path, query, headers, names, header("x-amz-content-sha256")].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const digest = createHash("sha256").update(canonical).digest("hex");
  const key = [day, region, "s3", "aws4_request"].reduce<string | Buffer>(
    (secret, part) => createHmac("sha256", secret).update(part).digest(),
    `AWS4${secretAccessKey}`,
  );
  const expected = createHmac("sha256", key).update(`AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${digest}`).digest("hex");
  return expected === signature ? undefined : "SignatureDoesNotMatch";
}

function listPage(url: URL, sizes: ReadonlyMap<string, number>): string {
  const bucket = url.pathname;
  const prefix = url.searchParams.get("prefix") ?? "";
  const keys = [...sizes.keys()].filter((path) => path.startsWith(bucket)).map((path) => path.slice(bucket.length));
  // What is beyond the next slash is one entry.
  const entries = new Set(
    keys.filter((key) => key.startsWith(prefix)).map((key) => /^[^/]*\/?/.exec(key.slice(prefix.length))?.[0] ?? ""),
  );
  const sorted = [...entries].map((name) => `${prefix}${name}`).sort(byUnit);
  const from = Number(url.searchParams.get("continuation-token") ?? 0);
  const rows = sorted
    .slice(from, from + PAGE)
    .map((key) =>
      key.endsWith("/")
        ? `<CommonPrefixes><Prefix>${escaped(key)}</Prefix></CommonPrefixes>`
        : `<Contents><Key>${escaped(key)}</Key><Size>${sizes.get(`${bucket}${key}`) ?? 0}</Size></Contents>`,
    );
  const isTruncated = from + PAGE < sorted.length;
  const next = isTruncated ? `<NextContinuationToken>${from + PAGE}</NextContinuationToken>` : "";
  const about = `<Name>${bucket}</Name><EncodingType>url</EncodingType><IsTruncated>${isTruncated}</IsTruncated>`;
  return `<?xml version="1.0"?><ListBucketResult>${about}${next}${rows.join("")}</ListBucketResult>`;
}

function errorPage(code: string): string {
  return `<?xml version="1.0"?><Error><Code>${code}</Code><Message>as told</Message></Error>`;
}

function escaped(text: string): string {
  const hexadecimal = (letter: string): string => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, hexadecimal);
}

function byUnit(a: string, b: string): number {
  return a < b ? -1 : 1;
}
