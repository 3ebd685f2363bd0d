import { InvalidArgumentError } from "../../../core/index.ts";
import type { Batching, Served, ServeObserver } from "../models/served.ts";
import { serveGenerator } from "../models/served-generator.ts";
import { serveModel } from "../models/served-model.ts";
import type { BatchingOptions } from "./options.ts";
import { type Servable, servedName } from "./servable.ts";

interface ServeOptions {
  readonly batching: BatchingOptions;
  readonly observer: ServeObserver | undefined;
  readonly maxAnswerBytes: number;
}

/** Gives a model or generator its queue. @throws `TWIN_INVALID_ARGUMENT` for what is neither, or both. */
export function serve(servable: Servable, { batching, observer, maxAnswerBytes }: ServeOptions): Served {
  const { model, generator, version = "1", properties } = servable;
  const name = servedName(servable);
  const facts = { name, version, properties, observer, maxAnswerBytes };
  const queue = { ...given(batching), ...(servable.batching && given(servable.batching)) };
  if (name !== "" && model && !generator) {
    return serveModel(model, { ...facts, batching: servable.batching === false ? false : queue });
  }
  if (name !== "" && generator && !model && servable.batching !== false) {
    return serveGenerator(generator, { ...facts, batching: queue });
  }
  throw new InvalidArgumentError(
    "What is published must have a name and be either a `model` or a `generator`; only a model can do without `batching`.",
  );
}

/** Without entries that are `undefined`. */
export function given(batching: BatchingOptions): Partial<Batching> {
  return Object.fromEntries(Object.entries(batching).filter(([, value]) => value !== undefined));
}
