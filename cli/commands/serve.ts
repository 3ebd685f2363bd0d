import { once } from "node:events";
import { resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import type { VersionEntry } from "../../core/index.ts";
import type { InferenceServer, Servable, ServerRegistration } from "../../modules/serving/index.ts";
import { type Command, type CommandIo, defineCommand } from "../command.ts";
import { SERVE_OPTIONS } from "../serve-options.ts";
import { FORCE_OPTION, NAMED_TWIN, STORE_OPTION } from "../store-options.ts";

/**
 * The JavaScript heap is collected when it has doubled. Left alone, V8 lets that of a busy server grow fourfold before: what
 * it takes from the machine then climbs for minutes (docs/decisions/0026-memory-of-a-server.md).
 */
const HEAP_GROWTH = "--heap-growing-percent=100";

export const serve: Command = defineCommand({
  path: ["serve"],
  summary: "Serve the models and generators of a twin over gRPC, in the Open Inference Protocol",
  description:
    "Runs until it is interrupted, and then ends what has begun; a second signal ends it at once. Of a twin with a serving " +
    "part, that part's options hold where none is given here. An alias is followed: when it moves, the version that it then " +
    "names is served, and no request is lost. When it says `serving … on …`, it answers. With --register, clients find it in " +
    "a folder (`--endpoint registry:folder`). SIGUSR1, which batch systems send before a time limit, ends it in order, with " +
    "exit code 75: to be started again.",
  arguments: { twin: { description: `${NAMED_TWIN}; an ONNX file; a model that comes with Twinloom (gan)` } },
  options: {
    ...SERVE_OPTIONS,
    provider: {
      kind: "text",
      placeholder: "name",
      description: "what computes an ONNX file: cpu (default) or cuda",
      choices: ["cpu", "cuda"],
    },
    threads: {
      kind: "integer",
      placeholder: "number",
      description: "threads of an ONNX file (default: 1)",
      min: 1,
      max: 1024,
    },
    pollS: {
      kind: "number",
      placeholder: "s",
      description: "how often the store is asked where an alias points [s]",
      default: 5,
      min: 0.05,
    },
    logLevel: {
      kind: "text",
      placeholder: "level",
      description: "what is logged as JSON on standard error; debug tells of every request",
      choices: ["debug", "info", "warn", "error"],
      default: "warn",
    },
    ...FORCE_OPTION,
    ...STORE_OPTION,
  },
  example: [
    "twinloom serve gan",
    "twinloom serve twin.yaml --port 9000 --tokens tokens.yaml --tls-certificate server.pem --tls-key server.key --host 0.0.0.0",
    "twinloom serve ecal@champion --max-batch 200 --poll-s 10",
    "twinloom serve ecal@champion --port 0 --register servers",
  ],
  run: async ({ twin }, options, io) => {
    setFlagsFromString(HEAP_GROWTH);
    const { untilToldTimeIsUp } = await import("../told-time-is-up.ts");
    // Before anything that takes time: it may come as soon as the process is there.
    await untilToldTimeIsUp(async (timeIsUp) => {
      const { InferenceServer: Server, registerServer } = await import("../../modules/serving/index.ts");
      const { RestartWantedError, UsageError } = await import("../errors.ts");
      const { register, advertise } = options;
      if (register === undefined && advertise !== undefined) {
        throw new UsageError("--advertise is the host that --register tells: give --register, too.");
      }
      const { jsonLog } = await import("../json-log.ts");
      const { serverOptions } = await import("../server-options.ts");
      const { withServed } = await import("../served-twin.ts");
      const log = jsonLog(options.logLevel, io);
      const provider = options.provider as "cpu" | "cuda" | undefined;
      let isServing = false;
      const onSwap = ({ twin, number, digest }: VersionEntry): void => {
        if (isServing) io.print(`now ${twin}@v${number} (${digest.slice(0, 19)})`);
        isServing = true;
      };
      await withServed({ ...options, twin, provider, log, onSwap }, io, async (served) => {
        const how = await serverOptions(options, served.own, io.cwd);
        const server = new Server(how, { log });
        try {
          await server.start({ signal: io.signal });
          const running = await served.publish(server);
          try {
            const registered =
              register === undefined
                ? undefined
                : await registerServer(server, {
                    ...{ folder: resolve(io.cwd, register), advertise, tls: how.tls !== undefined, log },
                    twin: () => versionOf(running.servables),
                  });
            try {
              await tell(server, running.servables, io);
              if (registered)
                log.info({ file: registered.file, address: registered.address }, "The server is registered");
              const ending = AbortSignal.any([io.signal, timeIsUp]);
              if (!ending.aborted) await once(ending, "abort");
            } finally {
              // Before it takes no more requests, so that clients ask others.
              await registered?.stop();
            }
          } finally {
            await server.stop();
            await running.stop();
          }
        } finally {
          await server.stop();
        }
      });
      if (!timeIsUp.aborted || io.signal.aborted || options.atTimeLimit === "end") return;
      throw new RestartWantedError(
        "The server was told that its time is nearly up, and has ended what had begun. Start it again (exit code 75), or say --at-time-limit end.",
      );
    });
  },
});

/** The version of a twin that is served; null for what is none. */
function versionOf([first]: readonly Servable[]): ServerRegistration["twin"] {
  const { twin, twin_version: version } = first?.properties ?? {};
  return twin === undefined || version === undefined ? null : { name: twin, version };
}

/** Says what is served, and where: a table, and a line that scripts can wait for. */
async function tell(server: InferenceServer, servables: readonly Servable[], io: CommandIo): Promise<void> {
  const { address, metricsAddress: metrics } = server;
  const models = servables.filter(({ name }) => server.models.includes(name ?? "")).map(shown);
  if (io.json) return io.printJson({ address, metrics: metrics ?? null, models });
  const { harmless } = await import("../harmless.ts");
  const { formatTable } = await import("../table.ts");
  const columns = ["name", "version", "kind", "inputs"].map((name) => ({ name }));
  const rows = models.map(({ name, version, kind, inputs }) => [name, version, kind, inputs.join(", ")]);
  io.print(harmless(formatTable({ columns, rows })));
  if (metrics) io.print(`metrics on http://${at(metrics)}/metrics`);
  io.print(harmless(`serving ${models.map(({ name }) => name).join(", ")} on ${at(address)}`));
}

interface Shown {
  readonly name: string;
  readonly version: string;
  readonly kind: "model" | "generator";
  readonly inputs: readonly string[];
}

function shown({ name = "", version = "1", model, generator }: Servable): Shown {
  if (model) return { name, version, kind: "model", inputs: Object.keys(model.inputs) };
  return { name, version, kind: "generator", inputs: ["event_id", ...Object.keys(generator?.validity ?? {}), "seed"] };
}

function at({ host, port }: InferenceServer["address"]): string {
  return `${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}`;
}
