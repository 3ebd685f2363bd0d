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
import { S3Transport, type S3TransportOptions } from "./s3-transport.ts";

/** Options of {@link s3}. */
export interface S3Options extends RemoteOptions {
  /** Address of the service: `"https://s3.example.org"`. Amazon's of the region by default. */
  readonly endpoint?: string | undefined;
  /** `"us-east-1"` by default, which services other than Amazon's usually take. */
  readonly region?: string | undefined;
  /** The one bucket that is served; all of the service by default. Two services in one twin need it. */
  readonly bucket?: string | undefined;
  readonly accessKeyId?: SecretReference | undefined;
  readonly secretAccessKey?: SecretReference | undefined;
  /** For temporary credentials. */
  readonly sessionToken?: SecretReference | undefined;
  /** Asks without credentials, for public buckets. */
  readonly anonymous?: boolean | undefined;
  /** Whether the bucket is in the path (default with an `endpoint`) or in the name of the host (default without). */
  readonly pathStyle?: boolean | undefined;
}

const OptionsSchema: z.ZodType<S3TransportOptions & RemotePolicy, S3Options> = z
  .object({
    endpoint: z
      .string()
      .regex(/^https?:\/\/[^/?#@]+\/?$/, 'It must be "https://" or "http://" and a host, without a path.')
      .optional()
      .describe("Address of the service; Amazon's of the region by default."),
    region: z.string().min(1).default("us-east-1").describe("Region of the service."),
    bucket: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]+$/i, "It must be the name of a bucket.")
      .optional()
      .describe("The one bucket that is served; all of the service by default."),
    accessKeyId: secret().optional().describe("Name of the access key."),
    secretAccessKey: secret().optional().describe("The secret access key."),
    sessionToken: secret().optional().describe("For temporary credentials."),
    anonymous: z.boolean().default(false).describe("Asks without credentials, for public buckets."),
    pathStyle: z.boolean().optional().describe("Whether the bucket is in the path; default with an endpoint."),
    ...remoteOptions,
  })
  .refine(
    ({ anonymous, accessKeyId, secretAccessKey }) =>
      anonymous ? !accessKeyId && !secretAccessKey : accessKeyId !== undefined && secretAccessKey !== undefined,
    { error: "Give `accessKeyId` and `secretAccessKey`, or `anonymous: true`." },
  );

/**
 * Reads objects of Amazon S3 and services like it by ranges, with a cache on disk.
 *
 * @example
 * const store = s3({
 *   endpoint: "https://s3.example.org", bucket: "cmip6",
 *   accessKeyId: env("S3_KEY"), secretAccessKey: env("S3_SECRET"),
 * });
 * await using twin = await createTwin({ plugins: { store, data: netcdf() } });
 * await using tas = await twin.data.open("s3://cmip6/tas/tas_2001.nc");
 */
export const s3: PluginFactory<S3Options, RemoteSource> = definePlugin({
  name: "twinloom/modules/s3",
  version: "0.1.0",
  provides: Source,
  needs: { log: Log },
  options: OptionsSchema,
  create: ({ log }, options) => {
    const prefixes = [options.bucket === undefined ? "s3://" : `s3://${options.bucket}/`];
    return new RemoteSource({ prefixes, transport: new S3Transport(options), policy: options, log });
  },
});
