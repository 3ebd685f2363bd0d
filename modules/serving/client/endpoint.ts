import type {
  ChannelCredentials,
  ChannelOptions,
  Client,
  Metadata,
  MethodDefinition,
  ServiceError,
} from "@grpc/grpc-js";
import { reasonOf } from "../../../core/index.ts";
import type { Protos } from "../protocol/load-protos.ts";
import { isOnThisMachine, targetOf } from "./address.ts";
import { bearerOf } from "./bearer.ts";
import type { Connection } from "./connection-options.ts";
import type { EndpointStatus } from "./endpoint-status.ts";

/** What all endpoints of a part have in common. */
export interface EndpointParts {
  readonly protos: Protos;
  readonly credentials: ChannelCredentials;
  readonly connection: Connection;
  /** Looks whether an endpoint that was bad may be used again. @returns What is wrong with it still. */
  readonly probe: (endpoint: Endpoint) => Promise<string | undefined>;
  /** An endpoint has become good or bad. */
  readonly onChange: (endpoint: Endpoint) => void;
}

/** When a call ends, whatever comes. */
export interface CallLimits {
  /** Milliseconds since 1970. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/** Bytes that may be on their way to us: with the default of 64 kB a megabyte takes a dozen round trips. */
const FLOW_CONTROL_WINDOW = 8 * 2 ** 20;
/** Pauses between looks at a bad endpoint double from the first to the longest, with jitter. */
const FIRST_PROBE_MS = 100;
const LONGEST_PROBE_MS = 5_000;
/** Longer than any answer takes that computes nothing. */
export const PROBE_TIMEOUT_MS = 2_000;

/** One server, with the channel to it and what is known of its health. */
export class Endpoint {
  readonly address: string;
  /** Calls on their way. */
  outstanding = 0;
  readonly #parts: EndpointParts;
  #client: Client;
  #problem: string | undefined;
  #isGood: boolean = true;
  #answered = 0;
  #failed = 0;
  #probes = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed: boolean = false;

  constructor(address: string, parts: EndpointParts) {
    this.address = address;
    this.#parts = parts;
    this.#client = this.#connect();
  }

  get isGood(): boolean {
    return this.#isGood;
  }

  get status(): EndpointStatus {
    return {
      address: this.address,
      isGood: this.#isGood,
      ...(this.#problem !== undefined && { problem: this.#problem }),
      answered: this.#answered,
      failed: this.#failed,
    };
  }

  /**
   * Calls a method once.
   *
   * @param request - The message, encoded: so a repetition is the very same.
   * @throws A `ServiceError` of grpc-js; the reason of the signal.
   */
  unary<Response>(
    { path, responseDeserialize }: Pick<MethodDefinition<never, Response>, "path" | "responseDeserialize">,
    request: Buffer,
    { deadline, signal }: CallLimits,
  ): Promise<Response> {
    signal.throwIfAborted();
    const metadata = this.#metadata();
    return new Promise((resolve, reject) => {
      this.outstanding++;
      const done = (error: ServiceError | null, response?: Response): void => {
        this.outstanding--;
        signal.removeEventListener("abort", cancel);
        if (error === null) resolve(response as Response);
        else reject(signal.aborted ? signal.reason : error);
      };
      const call = this.#client.makeUnaryRequest(
        path,
        asItIs,
        responseDeserialize,
        request,
        metadata,
        { deadline },
        done,
      );
      const cancel = (): void => call.cancel();
      signal.addEventListener("abort", cancel, { once: true });
    });
  }

  /** A request was answered. */
  hasAnswered(): void {
    this.#answered++;
    // One that looks well and fails all the same is looked at more and more seldom.
    this.#probes = 0;
    this.#becomeGood();
  }

  /** A request was not answered, for a reason that says nothing against the next one. */
  hasDeclined(): void {
    this.#failed++;
  }

  /** A request was not answered, and the next one would not be. From now on this is looked at from time to time. */
  hasFailed(problem: string): void {
    this.#failed++;
    this.#problem = problem;
    if (!this.#isGood) return;
    this.#isGood = false;
    this.#parts.onChange(this);
    this.#planProbe();
  }

  /** Ends the channel and all looking. Calls on their way are the caller's to cancel. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#client.close();
  }

  #becomeGood(): void {
    if (this.#isGood) return;
    this.#isGood = true;
    clearTimeout(this.#timer);
    this.#parts.onChange(this);
  }

  #planProbe(): void {
    if (this.#isClosed) return;
    const longest = Math.min(LONGEST_PROBE_MS, FIRST_PROBE_MS * 2 ** this.#probes++);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#probe(), longest * (0.5 + Math.random() / 2)).unref();
  }

  async #probe(): Promise<void> {
    let problem: string | undefined;
    try {
      problem = await this.#parts.probe(this);
    } catch (error) {
      problem = reasonOf(error);
      if (this.#isClosed) return;
      // A connection that broke without a word stays broken for minutes; a new one does not.
      if ((error as Partial<ServiceError>).code === this.#parts.protos.grpc.status.DEADLINE_EXCEEDED) {
        this.#client.close();
        this.#client = this.#connect();
      }
    }
    if (this.#isClosed || this.#isGood) return;
    if (problem === undefined) this.#becomeGood();
    else {
      this.#problem = problem;
      this.#planProbe();
    }
  }

  #connect(): Client {
    const { protos, credentials, connection } = this.#parts;
    const { tls, maxMessageBytes } = connection;
    const options: ChannelOptions = {
      "grpc.max_send_message_length": maxMessageBytes,
      "grpc.max_receive_message_length": maxMessageBytes,
      "grpc-node.flow_control_window": FLOW_CONTROL_WINDOW,
      "grpc.initial_reconnect_backoff_ms": FIRST_PROBE_MS,
      "grpc.max_reconnect_backoff_ms": LONGEST_PROBE_MS,
      // A new channel is a new connection; others of this process have their own.
      "grpc.use_local_subchannel_pool": 1,
      // Repeating is done here, on other endpoints.
      "grpc.enable_retries": 0,
      ...(isOnThisMachine(this.address) && { "grpc.enable_http_proxy": 0 }),
      ...(tls?.serverName !== undefined && {
        "grpc.ssl_target_name_override": tls.serverName,
        "grpc.default_authority": tls.serverName,
      }),
    };
    return new protos.grpc.Client(targetOf(this.address), credentials, options);
  }

  #metadata(): Metadata {
    const { protos, connection } = this.#parts;
    const metadata = new protos.grpc.Metadata();
    if (connection.token !== undefined) metadata.set("authorization", bearerOf(connection.token));
    return metadata;
  }
}

function asItIs(message: Buffer): Buffer {
  return message;
}
