import { z } from "zod";
import { definePlugin, EventStream, type PluginFactory } from "../../core/index.ts";
import { RecordedStream } from "./recorded-stream.ts";

/** Options of {@link recordedStream}. */
export interface RecordedStreamOptions {
  /** Path of the recording; a relative one starts at the working directory. */
  readonly file: string;
}

const OptionsSchema: z.ZodType<RecordedStreamOptions, RecordedStreamOptions> = z.object({
  file: z.string().min(1).describe("Path of the recording; a relative one starts at the working directory."),
});

/** A recording as a stream of events, in the place of the one it was made of: everything in it, as fast as it is taken. */
export const recordedStream: PluginFactory<RecordedStreamOptions, RecordedStream> = definePlugin({
  name: "twinloom/modules/recording",
  version: "0.1.0",
  provides: EventStream,
  options: OptionsSchema,
  create: (_needs, { file }) => new RecordedStream(file),
});
