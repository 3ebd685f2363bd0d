import { z } from "zod";
import { definePlugin, EventStream, type PluginFactory } from "../../core/index.ts";
import { MemoryStream, type MemoryStreamLimits } from "./memory-stream.ts";

/** Options of {@link memoryStream}. */
export interface MemoryStreamOptions {
  /** Its address is `memory:` and this; `events` by default. */
  readonly name?: string | undefined;
  /**
   * Room for what was not acknowledged [B], for each subscriber, name and group: 64 MiB by default. A message takes its
   * length and 64 bytes. Where one of them is full, publishers wait; a larger message is refused.
   */
  readonly roomBytes?: number | undefined;
  /** Room for the newest messages [B], for those who begin at the beginning: none by default. */
  readonly keepBytes?: number | undefined;
}

const OptionsSchema: z.ZodType<MemoryStreamLimits, MemoryStreamOptions> = z.object({
  name: z.string().min(1).default("events").describe("Its address is `memory:` and this."),
  roomBytes: z
    .number()
    .int()
    .min(1024)
    .default(64 << 20)
    .describe("Room for what one subscriber, name or group has not acknowledged [B]; publishers wait for it."),
  keepBytes: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe("Room for the newest messages [B], for those who begin at the beginning."),
});

/**
 * A stream of events within one process, for tests and for twins whose publisher is a part of theirs. Nothing is kept when
 * the twin stops.
 *
 * @example
 * await using twin = await createTwin({ plugins: { events: memoryStream() } });
 * await using subscription = await twin.events.subscribe();
 * await twin.events.publish(bytes);
 * for await (const delivery of subscription) delivery.acknowledge();
 */
export const memoryStream: PluginFactory<MemoryStreamOptions, MemoryStream> = definePlugin({
  name: "twinloom/modules/memory#memoryStream",
  version: "0.1.0",
  provides: EventStream,
  options: OptionsSchema,
  create: (_needs, limits) => new MemoryStream(limits),
});
