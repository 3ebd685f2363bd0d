import type * as Prometheus from "prom-client";
import { importOptional } from "../../../core/index.ts";
import type { ServedName, ServeObserver } from "../models/served.ts";
import { SERVER_PACKAGES } from "../protocol/packages.ts";

/** Counts and times of a server, as Prometheus reads them. */
export interface ServerMetrics {
  /** Listens to all that is served. */
  readonly observer: ServeObserver;
  /** A request has ended, from its message to its answer; the model's name is empty where none was found. */
  finished(model: ServedName, request: { readonly code: string; readonly seconds: number }): void;
  /** For the header of {@link text}. */
  readonly contentType: string;
  /** All of them, in the text format of Prometheus. */
  text(): Promise<string>;
}

/** From 0.1 ms, a cheap model on this machine, to 10 s. */
const SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const ROWS = [1, 2, 4, 8, 16, 32, 64, 100, 128, 256, 512, 1024];
const MODEL = ["model", "version"] as const;
/** Tasks of counting that are done at once: one by one they take four times as long, and somebody waits meanwhile. */
const COUNTED_AT_ONCE = 256;

/**
 * Begins to measure.
 *
 * @param inFlight - Requests that are being answered now.
 * @throws `TWIN_PACKAGE_MISSING`
 */
export async function measure(inFlight: () => number): Promise<ServerMetrics> {
  const prometheus = await importOptional(() => import("prom-client"), {
    package: "prom-client",
    install: SERVER_PACKAGES,
    neededBy: "Telling metrics of a server of models",
  });
  return new PrometheusMetrics(prometheus, inFlight);
}

/** What is told of the process: measured once, as it cannot be undone, and told by each of its servers. */
let ofProcess: Prometheus.Registry | undefined;

function processRegistry(prometheus: typeof Prometheus): Prometheus.Registry {
  if (ofProcess === undefined) {
    ofProcess = new prometheus.Registry();
    prometheus.collectDefaultMetrics({ register: ofProcess });
  }
  return ofProcess;
}

class PrometheusMetrics implements ServerMetrics {
  readonly observer: ServeObserver;
  readonly #registry: Prometheus.Registry;
  readonly #process: Prometheus.Registry;
  readonly #requests: Prometheus.Counter<"model" | "version" | "code">;
  readonly #requestSeconds: Prometheus.Histogram<"model" | "version">;
  /** What is still to be counted: answers do not wait for it. */
  readonly #uncounted: (() => void)[] = [];

  constructor(prometheus: typeof Prometheus, inFlight: () => number) {
    // Of this server alone: a program may have several.
    this.#registry = new prometheus.Registry();
    this.#process = processRegistry(prometheus);
    const registers = [this.#registry];
    const seconds = (name: string, help: string): Prometheus.Histogram<"model" | "version"> =>
      new prometheus.Histogram({ name, help, labelNames: MODEL, buckets: SECONDS, registers });
    this.#requests = new prometheus.Counter({
      name: "twinloom_inference_requests_total",
      help: "Requests that have ended, by the name of their gRPC status. The model is empty where none was found, or none is needed.",
      labelNames: [...MODEL, "code"],
      registers,
    });
    this.#requestSeconds = seconds(
      "twinloom_inference_request_duration_seconds",
      "Time from the message of a request to its answer, whatever its status.",
    );
    const queueSeconds = seconds(
      "twinloom_inference_queue_duration_seconds",
      "Time that an answered request waited before its first row was computed.",
    );
    const computeSeconds = seconds(
      "twinloom_inference_compute_duration_seconds",
      "Time that the model computed one batch.",
    );
    const batchRows = new prometheus.Histogram({
      name: "twinloom_inference_batch_rows",
      help: "Rows computed at once: events, or entries along the first axis.",
      labelNames: MODEL,
      buckets: ROWS,
      registers,
    });
    const failures = new prometheus.Counter({
      name: "twinloom_inference_batch_failures_total",
      help: "Batches whose computation failed.",
      labelNames: MODEL,
      registers,
    });
    const queueRows = new prometheus.Gauge({
      name: "twinloom_inference_queue_rows",
      help: "Rows that wait to be computed.",
      labelNames: MODEL,
      registers,
    });
    new prometheus.Gauge({
      name: "twinloom_inference_requests_in_flight",
      help: "Requests that are being answered.",
      registers,
      collect(): void {
        this.set(inFlight());
      },
    });
    this.observer = {
      queue: ({ name, version }, rows) => this.#count(() => queueRows.set({ model: name, version }, rows)),
      batch: ({ name, version }, { rows, computeMs, failed }) =>
        this.#count(() => {
          const labels = { model: name, version };
          batchRows.observe(labels, rows);
          computeSeconds.observe(labels, computeMs / 1000);
          if (failed) failures.inc(labels);
        }),
      request: ({ name, version }, { queueMs, outcome }) => {
        if (outcome !== "success") return;
        this.#count(() => queueSeconds.observe({ model: name, version }, queueMs / 1000));
      },
    };
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  finished(
    { name, version }: ServedName,
    { code, seconds }: { readonly code: string; readonly seconds: number },
  ): void {
    this.#count(() => {
      this.#requests.inc({ model: name, version, code });
      this.#requestSeconds.observe({ model: name, version }, seconds);
    });
  }

  async text(): Promise<string> {
    this.#countAll();
    return `${await this.#process.metrics()}\n${await this.#registry.metrics()}`;
  }

  #count(task: () => void): void {
    if (this.#uncounted.push(task) === COUNTED_AT_ONCE) setImmediate(() => this.#countAll());
  }

  #countAll(): void {
    for (const task of this.#uncounted.splice(0)) task();
  }
}
