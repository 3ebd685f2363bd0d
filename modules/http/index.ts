import { z } from "zod";
import {
  definePlugin,
  Log,
  type PluginFactory,
  type RemoteOptions,
  type RemotePolicy,
  RemoteSource,
  remoteOptions,
  type SecretReference,
  Source,
  secret,
} from "../../core/index.ts";
import { HttpTransport, type HttpTransportOptions } from "./http-transport.ts";

/** Options of {@link http}. */
export interface HttpOptions extends RemoteOptions {
  /**
   * What is served: `"https://data.example.org/archive/"`, or several. Everything on public addresses by default. Naming a
   * host allows it also where its address is private.
   */
  readonly prefix?: string | readonly string[] | undefined;
  /** Token of a bearer: `env("ARCHIVE_TOKEN")`. Credentials need a `prefix` with a host, and go nowhere else. */
  readonly bearer?: SecretReference | undefined;
  readonly username?: string | undefined;
  readonly password?: SecretReference | undefined;
  /** Further headers: `{ "x-api-key": env("ARCHIVE_KEY") }`. */
  readonly headers?: Readonly<Record<string, SecretReference | string>> | undefined;
  /** Origins beyond its own that redirects may lead to, without credentials: `["https://storage.example.org"]`. */
  readonly redirects?: readonly string[] | undefined;
}

const Prefix = z.string().regex(/^https?:\/\//, 'It must begin with "https://" or "http://".');

type Policy = Omit<HttpTransportOptions, "prefixes"> & RemotePolicy & { readonly prefix: string | readonly string[] };

const OptionsSchema: z.ZodType<Policy, HttpOptions> = z
  .object({
    prefix: z
      .union([Prefix, z.array(Prefix).min(1).readonly()])
      .default(["https://", "http://"])
      .describe("What is served; everything on public addresses by default."),
    bearer: secret().optional().describe("Token of a bearer."),
    username: z.string().min(1).optional().describe("Name for basic authentication."),
    password: secret().optional().describe("Password for basic authentication."),
    headers: z
      .record(z.string(), z.union([secret(), z.string()]))
      .optional()
      .describe("Further headers."),
    redirects: z
      .array(Prefix)
      .readonly()
      .default([])
      .describe("Origins beyond its own that redirects may lead to, without credentials."),
    ...remoteOptions,
  })
  .refine(({ username, password }) => (username === undefined) === (password === undefined), {
    error: "`username` and `password` go together.",
  })
  .refine(({ bearer, username }) => bearer === undefined || username === undefined, {
    error: "Give either `bearer`, or `username` and `password`.",
  })
  .refine(
    ({ prefix, bearer, username, headers }) =>
      [bearer, username, headers].every((each) => each === undefined) || [prefix].flat().every(hasHost),
    { error: "Credentials and headers need a `prefix` with a host: they are sent nowhere else." },
  );

/**
 * Reads files of HTTP and HTTPS servers by ranges, with a cache on disk.
 *
 * @example
 * const archive = http({ prefix: "https://data.example.org/", bearer: env("ARCHIVE_TOKEN") });
 * await using twin = await createTwin({ plugins: { archive, data: netcdf() } });
 * await using tas = await twin.data.open("https://data.example.org/cmip6/tas_2001.nc");
 */
export const http: PluginFactory<HttpOptions, RemoteSource> = definePlugin({
  name: "twinloom/modules/http",
  version: "0.1.0",
  provides: Source,
  needs: { log: Log },
  options: OptionsSchema,
  create: ({ log }, { prefix, ...options }) => {
    const prefixes = [prefix].flat().map((each) => (hasHost(each) ? withSlash(each) : each));
    const transport = new HttpTransport({ prefixes, ...options });
    return new RemoteSource({ prefixes, transport, policy: options, log });
  },
});

function hasHost(prefix: string): boolean {
  return prefix.replace(/^https?:\/\//, "") !== "";
}

/** So that `https://host` serves no `https://host.elsewhere`. */
function withSlash(prefix: string): string {
  const { href } = new URL(prefix);
  return href.endsWith("/") ? href : `${href}/`;
}
