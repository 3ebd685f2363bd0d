import { type Explanation, FileUnreadableError } from "../../core/index.ts";

/** A page of ListObjectsV2. */
export interface ListAnswer {
  readonly keys: readonly { readonly key: string; readonly bytes: number }[];
  /** Ending in a slash. */
  readonly prefixes: readonly string[];
  readonly next: string | undefined;
}

/** Codes that say more than the status that they come with, and what to do about them. */
const CODES: Readonly<Record<string, { readonly advice?: string; readonly means: Explanation["means"] }>> = {
  NoSuchKey: { means: "missing" },
  NoSuchBucket: { advice: "there is no such bucket", means: "missing" },
  AccessDenied: { means: "refused" },
  InvalidAccessKeyId: { advice: "check `accessKeyId`", means: "refused" },
  SignatureDoesNotMatch: { advice: "check `secretAccessKey` and `region`", means: "refused" },
  AuthorizationHeaderMalformed: { advice: "check `region`", means: "refused" },
  ExpiredToken: { advice: "the temporary credentials are over: get new ones", means: "refused" },
  RequestTimeTooSkewed: { advice: "set the clock of this computer", means: "refused" },
  PermanentRedirect: { advice: "check `region` and `endpoint`", means: "refused" },
  SlowDown: { means: "passing" },
  RequestTimeout: { means: "passing" },
  InternalError: { means: "passing" },
  ServiceUnavailable: { means: "passing" },
};

/** @throws `TWIN_FILE_UNREADABLE` when the answer is no such page. */
export async function readListAnswer(xml: string, location: string): Promise<ListAnswer> {
  const page = objectOf(objectOf(await parse(xml))["ListBucketResult"]);
  if (page["Name"] === undefined)
    throw new FileUnreadableError(location, "the service's answer is no list of objects.");
  // "encoding-type" is a wish: services that do not know it say nothing of it.
  const decode = page["EncodingType"] === "url" ? decodeKey : String;
  const keys = listOf(page["Contents"]).map((each) => ({ key: decode(each["Key"]), bytes: Number(each["Size"]) }));
  const isTruncated = page["IsTruncated"] === "true";
  const next = isTruncated ? page["NextContinuationToken"] : undefined;
  if (isTruncated && typeof next !== "string") {
    throw new FileUnreadableError(location, "the service says that its list goes on, but not where.");
  }
  const prefixes = listOf(page["CommonPrefixes"]).map((each) => decode(each["Prefix"]));
  return { keys, prefixes, next: typeof next === "string" ? next : undefined };
}

/** The code of an error document, with what to do where that is known; `undefined` for any other answer. */
export async function readErrorAnswer(xml: string, status: number): Promise<Explanation | undefined> {
  const { Code: code, Message: message } = objectOf(objectOf(await parse(xml))["Error"]);
  if (typeof code !== "string") return undefined;
  // "Not found" is said of users, too.
  const { advice, means = status === 404 ? "other" : undefined } = CODES[code] ?? {};
  return { says: `${code}: ${advice ?? String(message ?? "")}`, means };
}

async function parse(xml: string): Promise<unknown> {
  const { XMLParser } = await import("fast-xml-parser");
  // Keys may look like numbers, begin or end with spaces, and have their letters written as numbers.
  return new XMLParser({ parseTagValue: false, trimValues: false, htmlEntities: true }).parse(xml);
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function listOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return (Array.isArray(value) ? value : value === undefined ? [] : [value]).map(objectOf);
}

function decodeKey(value: unknown): string {
  return decodeURIComponent(String(value).replaceAll("+", " "));
}
