import {
  type Explanation,
  FileNotFoundError,
  type FolderPage,
  type FolderRequest,
  type HttpAnswer,
  httpGet,
  httpRange,
  httpRefusal,
  LocationRefusedError,
  type RangeReply,
  type RangeRequest,
  type SecretReference,
  sendHttp,
  type Transport,
} from "../../core/index.ts";
import { readErrorAnswer, readListAnswer } from "./answers.ts";

/** Which service, and who asks. */
export interface S3TransportOptions {
  readonly endpoint?: string | undefined;
  readonly region: string;
  readonly bucket?: string | undefined;
  readonly accessKeyId?: SecretReference | undefined;
  readonly secretAccessKey?: SecretReference | undefined;
  readonly sessionToken?: SecretReference | undefined;
  readonly anonymous: boolean;
  readonly pathStyle?: boolean | undefined;
}

interface Address {
  readonly bucket: string;
  readonly key: string;
}

/** Single requests to an S3-compatible service. */
export class S3Transport implements Transport {
  readonly #options: S3TransportOptions;

  constructor(options: S3TransportOptions) {
    this.#options = options;
  }

  resolve(location: string): string {
    return this.#urlOf(this.#addressOf(location)).href;
  }

  async fetchRange(location: string, request: RangeRequest): Promise<RangeReply> {
    const address = this.#addressOf(location);
    if (address.key === "" || address.key.endsWith("/")) throw new FileNotFoundError(location);
    const url = this.#urlOf(address);
    const send = (headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer> =>
      this.#send(url, headers, signal);
    return await httpRange(location, request, { send, explain });
  }

  async listFolder(folder: string, { startsWith, after, signal }: FolderRequest): Promise<FolderPage> {
    const { bucket, key } = this.#addressOf(folder);
    const page = await this.#listPage(folder, { bucket, prefix: key + startsWith, after, signal });
    const isEmpty = page.keys.length === 0 && page.prefixes.length === 0;
    if (isEmpty && after === undefined && key !== "") {
      // A folder is there when something lies in it, whatever its name.
      const any = startsWith === "" ? page : await this.#listPage(folder, { bucket, prefix: key, after, signal });
      if (any.keys.length === 0 && any.prefixes.length === 0) throw new FileNotFoundError(folder);
    }
    const files = page.keys
      // Some programs make an empty object for a folder.
      .filter((each) => each.key !== key)
      .map((each) => ({
        name: each.key.slice(key.length),
        entry: { location: `s3://${bucket}/${each.key}`, bytes: each.bytes },
      }));
    return { files, folders: page.prefixes.map((each) => each.slice(key.length, -1)), next: page.next };
  }

  async #listPage(
    folder: string,
    of: {
      readonly bucket: string;
      readonly prefix: string;
      readonly after: string | undefined;
      readonly signal: AbortSignal;
    },
  ): Promise<Awaited<ReturnType<typeof readListAnswer>>> {
    const url = this.#urlOf({ bucket: of.bucket, key: "" });
    const query = { "list-type": "2", delimiter: "/", "encoding-type": "url", prefix: of.prefix };
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    if (of.after !== undefined) url.searchParams.set("continuation-token", of.after);
    const response = await sendHttp(folder, () => this.#send(url, {}, of.signal));
    if (response.status !== 200) throw await httpRefusal(response, folder, { explain });
    return await readListAnswer(await sendHttp(folder, () => response.text()), folder);
  }

  /** Signed for this request alone; a redirect is an error, because its target was not signed for. */
  async #send(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer> {
    const { anonymous, accessKeyId, secretAccessKey, sessionToken, region } = this.#options;
    if (anonymous || !accessKeyId || !secretAccessKey) return await httpGet(url, { headers, signal });
    const { AwsV4Signer } = await import("aws4fetch");
    const signed = await new AwsV4Signer({
      url: url.href,
      method: "GET",
      accessKeyId: accessKeyId.reveal(),
      secretAccessKey: secretAccessKey.reveal(),
      ...(sessionToken && { sessionToken: sessionToken.reveal() }),
      service: "s3",
      region,
    }).sign();
    // Headers beside the signed ones may be changed on the way.
    return await httpGet(signed.url, { headers: { ...headers, ...Object.fromEntries(signed.headers) }, signal });
  }

  #addressOf(location: string): Address {
    const [, bucket = "", key = ""] = /^s3:\/\/([^/]*)\/?(.*)$/s.exec(location) ?? [];
    const served = this.#options.bucket;
    // The letters of names of buckets; anything else could lead to another host.
    if (!/^[a-z0-9][a-z0-9.-]*$/i.test(bucket)) {
      throw new LocationRefusedError(location, 'it must be "s3://", a bucket, a slash, and a key.');
    }
    if (served !== undefined && bucket !== served) {
      throw new LocationRefusedError(location, `this source serves s3://${served}/.`);
    }
    // A URL would resolve these before they are sent, and the signature would be for another key.
    if (key.split("/").some((part) => part === "." || part === "..")) {
      throw new LocationRefusedError(location, 'a key with a part "." or ".." cannot be asked for by HTTP.');
    }
    return { bucket, key };
  }

  #urlOf({ bucket, key }: Address): URL {
    const { endpoint, region, pathStyle = endpoint !== undefined } = this.#options;
    const base = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`);
    // Every byte that is not unreserved is escaped, as the signature demands (RFC 3986, 2.3).
    const escaped = key
      .split("/")
      .map((part) =>
        encodeURIComponent(part).replaceAll(
          /[!'()*]/g,
          (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
        ),
      )
      .join("/");
    if (pathStyle) return new URL(`${base.origin}/${bucket}/${escaped}`);
    return new URL(`${base.protocol}//${bucket}.${base.host}/${escaped}`);
  }
}

/** What the error document of a service says, and what to do about it. */
async function explain(response: HttpAnswer): Promise<Explanation | undefined> {
  return await readErrorAnswer(await response.text(), response.status);
}
