import { dirname, join, parse, resolve } from "node:path";
import {
  Adaptable,
  createTwin,
  type FeatureWindow,
  featureWindows,
  followFeatureWindows,
  type LoadedSpec,
  loadSpec,
  pruneFeatures,
  readVersion,
  resolveNeeds,
  type TakenEvents,
  takeEvents,
} from "../core/index.ts";
import {
  type AdaptationOptions,
  checkDecisions,
  type Decided,
  type DecideOptions,
  decide,
  type PlanRetrainingOptions,
  planRetraining,
  sealChanges,
  versionInUse,
} from "../modules/adaptation/index.ts";
import { RecordedStream } from "../modules/recording/index.ts";
import { checkReport } from "./adaptation-report.ts";
import { AdaptationTable } from "./adaptation-table.ts";
import type { BrokerChoice } from "./broker-options.ts";
import { checkFeatures } from "./check-features.ts";
import type { CommandIo } from "./command.ts";
import { UsageError } from "./errors.ts";
import { harmless } from "./harmless.ts";
import { listen } from "./listen.ts";
import { checkSameRecording } from "./same-recording.ts";
import { withStream } from "./stream-address.ts";
import { type AdaptationTold, tellDecision, tellSummary } from "./tell-decisions.ts";
import { tellingMissing } from "./tell-missing.ts";
import { trainingRecipes } from "./training-recipes.ts";
import { withNewStore } from "./with-store.ts";
import { withTwin } from "./with-twin.ts";

/** What is adapted, and by which events. */
export interface AdaptChoice extends BrokerChoice {
  readonly twin: string;
  readonly replay?: string | undefined;
  readonly from?: string | undefined;
  readonly features: readonly string[];
  /** Sources that are waited for from the beginning. */
  readonly source: readonly string[];
  /** Whether features are decided on as far as they go. */
  readonly end: boolean;
  /** Features of this event time before a checkpoint are kept [h]; all where it is not given. */
  readonly keep?: number | undefined;
  readonly name?: string | undefined;
  readonly folder?: string | undefined;
  readonly store?: string | undefined;
  readonly alias?: string | undefined;
  readonly report?: string | undefined;
  readonly truth?: string | undefined;
  readonly referenceEvents?: number | undefined;
  readonly windowEvents?: number | undefined;
  readonly acceptInterval?: number | undefined;
  readonly track: readonly string[];
  /** [s] */
  readonly windowS: number;
  /** [s] */
  readonly patience: number;
}

/** Adapts a twin until its events end, or it is interrupted. @throws `TWIN_USAGE`; what twin, stream, store and decider throw. */
export async function adaptTwin(choice: AdaptChoice, io: CommandIo): Promise<void> {
  const { replay, from, features, end, alias, store } = choice;
  if ([replay, from, features[0]].filter((given) => given !== undefined).length !== 1) {
    throw new UsageError("Give --replay, a recording, or --from, a stream, or --features, what workers took.");
  }
  if (end && features.length === 0) throw new UsageError("--end is of --features: a recording ends by itself.");
  if (store !== undefined && alias === undefined) {
    throw new UsageError("--store is where versions are sealed: give --alias, too, the name of the one in use.");
  }
  if (choice.truth !== undefined && choice.report === undefined) {
    throw new UsageError("--truth is drawn in the report: give --report, too.");
  }
  const isLive = replay === undefined && !end;
  await checkReport(choice, { isLive }, io);
  const composition = await loadSpec(resolve(io.cwd, choice.twin), { signal: io.signal });
  await withTwin(await createTwin({ ...composition, signal: io.signal }), async (twin) => {
    const { adaptable } = resolveNeeds(twin, { adaptable: Adaptable });
    const run = async (acting: Pick<Adapted, "act" | "version">): Promise<void> => {
      const told = await decideOn({ choice, composition, adaptable, ...acting }, io);
      await tellSummary({ ...told, isLive }, choice, io);
    };
    if (alias === undefined) return await run({});
    await withNewStore({ store }, io, async (opened) => {
      const sealing = { store: opened, composition, adaptable, alias };
      const current = versionInUse(sealing);
      const version: Adapted["version"] = async (earlier) => {
        const digest = await current(earlier);
        const { config } = await readVersion(opened.objects, digest);
        return { version: digest, policy: config.validation?.policy?.digest ?? null };
      };
      await run({ act: sealChanges(sealing), version });
    });
  });
}

interface Adapted {
  readonly choice: AdaptChoice;
  readonly composition: LoadedSpec;
  readonly adaptable: Adaptable;
  readonly act?: DecideOptions["act"];
  readonly version?: PlanRetrainingOptions["version"];
}

async function decideOn(
  { choice, composition, adaptable, act, version }: Adapted,
  io: CommandIo,
): Promise<Omit<AdaptationTold, "isLive">> {
  const { windowEvents, referenceEvents, acceptInterval, track } = choice;
  const replay = choice.replay === undefined ? undefined : resolve(io.cwd, choice.replay);
  const folder = folderOf(choice, composition, io);
  const name = composition.name ?? parse(choice.twin).name;
  const table = new AdaptationTable(adaptable, io);
  const due: { events?: number; newestNs?: bigint } = {};
  const features =
    choice.features.length > 0 ? choice.features.map((one) => resolve(io.cwd, one)) : [join(folder, "features")];
  const [own] = features as [string];
  const settings: AdaptationOptions = {
    ...(referenceEvents !== undefined && { referenceEvents }),
    ...(windowEvents !== undefined && { windowEvents, maxWindowEvents: Math.max(20_000, windowEvents) }),
    ...(acceptInterval !== undefined && { acceptIntervalS: acceptInterval }),
    track,
  };
  const decisions = join(folder, "decisions");
  // Before events are read, which may take long, or come and go.
  await checkDecisions({ ...settings, adaptable, folder: decisions, signal: io.signal });
  const options: DecideOptions = {
    ...settings,
    adaptable,
    folder: decisions,
    act,
    retrain: planRetraining({
      ...{ folder: join(folder, "retraining"), twin: name, models: await trainingRecipes(composition) },
      ...{ features, recording: replay, version },
    }),
    onDecision: (decided) => {
      table.decided(decided);
      tellDecision(decided, io);
    },
    ...(choice.keep !== undefined && {
      onCheckpoint: async (atNs) => {
        const beforeNs = atNs - nsOf(3600 * (choice.keep as number));
        for (const one of features) await pruneFeatures(one, { beforeNs });
      },
    }),
    onProgress: (progress) => table.draw(progress, due),
  };
  const windowNs = nsOf(choice.windowS);
  const decided = await (replay !== undefined ? replayed(replay) : choice.from ? live() : taken());
  return { decided, adaptable, folder, name };

  async function replayed(file: string): Promise<Decided> {
    const { signal } = io;
    await checkSameRecording(file, folder);
    const stream = new RecordedStream(file);
    try {
      const onProgress = ({ events, repeated }: TakenEvents): void =>
        io.progress(undefined, "reading", `${events + repeated} events`);
      const subscription = await stream.subscribe({ signal });
      const taken = await takeEvents(subscription, { adaptable, folder: own, onProgress, signal });
      due.events = taken.events + taken.repeated;
      if (taken.deadLetters > 0) io.warn(`${taken.deadLetters} messages have no features; they are in ${own}`);
    } finally {
      await stream.stop();
    }
    return await decide(featureWindows(own, { windowNs, signal }), { ...options, signal });
  }

  /** What workers have taken, and take. */
  async function taken(): Promise<Decided> {
    const { signal } = io;
    await checkFeatures(choice, io);
    if (choice.end) {
      const windows = tellingMissing(featureWindows(features, { windowNs, signal }), io);
      return await decide(windows, { ...options, signal });
    }
    io.print(`following ${choice.features.join(", ")}`);
    return await decide(following(signal), options);
  }

  /** Windows since a time as they are complete, until the signal ends them. */
  function following(signal: AbortSignal): (afterNs: bigint | undefined) => AsyncIterable<FeatureWindow> {
    return (afterNs) => {
      const windows = followFeatureWindows(features, {
        ...{ windowNs, allowedLatenessNs: 0n, patienceNs: nsOf(choice.patience), afterNs, signal },
        sources: choice.source,
        log: join(decisions, "windows.journal"),
        onGivenUp: (source, { from, to }) =>
          io.warn(harmless(`${source}: events ${from} to ${to} are missing and waited for no longer`)),
        onLate: ({ source, sequence }) =>
          io.warn(harmless(`${source}: event ${sequence} came too late to be decided on`)),
      });
      return endedBy(signal, windows);
    };
  }

  async function live(): Promise<Decided> {
    const ending = new AbortController();
    const signal = AbortSignal.any([io.signal, ending.signal]);
    return await withStream({ ...choice, address: choice.from as string, as: "--from" }, io, async (stream) => {
      const subscription = await listen(stream, { name: choice.name, signal });
      io.print(`listening to ${stream.address}`);
      const taking = takeEvents(subscription, { adaptable: noting(adaptable, due), folder: own, signal });
      const deciding = decide(following(signal), options);
      // Whichever fails ends the other.
      const [taken, made] = await Promise.allSettled(
        [taking, deciding].map((work) => work.finally(() => ending.abort(new Error("The other half ended.")))),
      );
      if (!io.signal.aborted) for (const half of [taken, made]) if (half?.status === "rejected") throw half.reason;
      return await deciding;
    });
  }
}

/** The same, and the time of the newest event that it has looked at. */
function noting(adaptable: Adaptable, seen: { newestNs?: bigint }): Pick<Adaptable, "features"> {
  return {
    features: (events) => {
      for (const { timeNs } of events)
        if (seen.newestNs === undefined || timeNs > seen.newestNs) seen.newestNs = timeNs;
      return adaptable.features(events);
    },
  };
}

/** Ends where the signal does, between two windows. */
async function* endedBy(
  signal: AbortSignal,
  windows: AsyncIterable<FeatureWindow>,
): AsyncGenerator<FeatureWindow, void, undefined> {
  try {
    yield* windows;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function folderOf({ folder, replay, twin }: AdaptChoice, { name }: LoadedSpec, { cwd }: CommandIo): string {
  if (folder !== undefined) return resolve(cwd, folder);
  const file = resolve(cwd, replay ?? twin);
  return join(dirname(file), `${replay === undefined ? (name ?? parse(file).name) : parse(file).name}.adaptation`);
}

function nsOf(seconds: number): bigint {
  return BigInt(Math.round(seconds * 1e9));
}
