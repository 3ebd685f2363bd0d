import type { Server, ServerUnaryCall, ServerWritableStream, ServiceDefinition, sendUnaryData } from "@grpc/grpc-js";
import { importOptional } from "../../../core/index.ts";
import { WireError } from "../errors.ts";
import { SERVER_PACKAGES } from "../protocol/packages.ts";
import { STATUS, statusOf } from "../protocol/status.ts";
import { onceEnded } from "./http2-stream.ts";
import { type Received, readRequests } from "./read-requests.ts";

/** Name of the service whose health is told beside that of the whole server. */
const SERVICE = "inference.GRPCInferenceService";

/** Longest message that is taken, bytes: health is open to everybody. */
const LONGEST_MESSAGE = 4096;

/** Most names that one answer tells, as the protocol demands. */
const MOST_LISTED = 100;

type Status = "SERVING" | "NOT_SERVING" | "SERVICE_UNKNOWN";
type Asked = Received<{ readonly service?: string }>;
interface Answer {
  readonly status: Status;
}
interface Listed {
  readonly statuses: Readonly<Record<string, Answer>>;
}

/**
 * Tells `grpc.health.v1` how the server is, and each model by its name.
 *
 * Only the definition of the service comes from its package: what that has to answer it keeps every name that somebody
 * ever watched, and needs no token.
 */
export class Health {
  /** Path of the definition of the service. */
  readonly protoFile: string;
  readonly #service: ServiceDefinition;
  readonly #tellsModels: boolean;
  readonly #statuses = new Map<string, Status>();
  readonly #watchers = new Set<{ readonly name: string; readonly tell: (status: Status) => void }>();
  #isStopping: boolean = false;

  constructor(service: ServiceDefinition, of: { readonly protoFile: string; readonly tellsModels: boolean }) {
    this.protoFile = of.protoFile;
    this.#service = service;
    this.#tellsModels = of.tellsModels;
    this.#tell(["", SERVICE], "NOT_SERVING");
  }

  addTo(server: Server): void {
    server.addService(readRequests(this.#service, checkLength), {
      Check: (call: ServerUnaryCall<Asked, Answer>, respond: sendUnaryData<Answer>) => this.#check(call, respond),
      List: (_call: unknown, respond: sendUnaryData<Listed>) => this.#list(respond),
      Watch: (call: ServerWritableStream<Asked, Answer>) => this.#watch(call),
    });
  }

  /** These are served. */
  serving(models: readonly string[]): void {
    if (this.#isStopping) return;
    this.#tell(["", SERVICE], "SERVING");
    if (!this.#tellsModels) return;
    const names = new Set(["", SERVICE, ...models]);
    this.#tell(
      [...this.#statuses.keys()].filter((name) => !names.has(name)),
      "NOT_SERVING",
    );
    this.#tell(models, "SERVING");
  }

  /** Nothing is, from now on. */
  stopping(): void {
    this.#isStopping = true;
    this.#tell([...this.#statuses.keys()], "NOT_SERVING");
  }

  #check({ request }: ServerUnaryCall<Asked, Answer>, respond: sendUnaryData<Answer>): void {
    try {
      const status = this.#statuses.get(request.read().service ?? "");
      if (status) respond(null, { status });
      else respond({ code: STATUS.NOT_FOUND, details: "The health of no such service is told here." });
    } catch (error) {
      const { code, details } = statusOf(error);
      respond({ code, details });
    }
  }

  #watch(call: ServerWritableStream<Asked, Answer>): void {
    try {
      const { service: name = "" } = call.request.read();
      const watcher = { name, tell: (status: Status) => void call.write({ status }) };
      this.#watchers.add(watcher);
      onceEnded(call, () => this.#watchers.delete(watcher));
      watcher.tell(this.#statuses.get(name) ?? "SERVICE_UNKNOWN");
    } catch (error) {
      const { code, details } = statusOf(error);
      call.emit("error", { code, details });
    }
  }

  #list(respond: sendUnaryData<Listed>): void {
    if (this.#statuses.size > MOST_LISTED) {
      respond({ code: STATUS.RESOURCE_EXHAUSTED, details: `There are more than ${MOST_LISTED} services to list.` });
      return;
    }
    respond(null, { statuses: Object.fromEntries([...this.#statuses].map(([name, status]) => [name, { status }])) });
  }

  #tell(names: readonly string[], status: Status): void {
    for (const name of names) this.#statuses.set(name, status);
    const told = new Set(names);
    for (const { name, tell } of this.#watchers) if (told.has(name)) tell(status);
  }
}

function checkLength(bytes: Buffer): void {
  if (bytes.length <= LONGEST_MESSAGE) return;
  throw new WireError(`A message about health has ${bytes.length} bytes; at most ${LONGEST_MESSAGE} are taken.`);
}

/**
 * @param options - `tellsModels`: whether models are told by name. Health needs no token, so that names that not
 *   everybody may see are not told.
 * @throws `TWIN_PACKAGE_MISSING`
 */
export async function loadHealth({ tellsModels }: { readonly tellsModels: boolean }): Promise<Health> {
  const { service, protoPath } = await importOptional(() => import("grpc-health-check"), {
    package: "grpc-health-check",
    install: SERVER_PACKAGES,
    neededBy: "Serving models over gRPC",
  });
  // The package has its own copy of the library that read the definition.
  return new Health(service as unknown as ServiceDefinition, { protoFile: protoPath, tellsModels });
}
