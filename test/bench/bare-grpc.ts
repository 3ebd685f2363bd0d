import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { Client, type ClientDuplexStream, credentials } from "@grpc/grpc-js";
import { ASK } from "./served-twin.ts";

const SERVER = fileURLToPath(new URL("./bare-grpc-server.ts", import.meta.url));

/** A stream to a server that makes showers over gRPC and nothing else: the least that any protocol over it takes. */
export class BareGrpc implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;
  /** Answers are all alike. */
  readonly #waiting: (() => void)[] = [];

  static async start(): Promise<BareGrpc> {
    const child = spawn(process.execPath, ["--conditions=@twinloom/source", SERVER], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [port] = await once(createInterface(child.stdout as Readable), "line");
    return new BareGrpc(child, Number(port));
  }

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    this.#stream = this.#client.makeBidiStreamRequest(ASK.path, ASK.requestSerialize, ASK.responseDeserialize);
    this.#stream.on("data", () => this.#waiting.shift()?.());
  }

  /** Asks for one shower, and waits for its bytes. */
  async ask(energy: number, event: number): Promise<void> {
    const request = Buffer.alloc(16);
    request.writeDoubleLE(energy);
    request.writeBigInt64LE(BigInt(event), 8);
    this.#stream.write(request);
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The server is killed, which is no failure.
    this.#stream.on("error", () => undefined);
    this.#stream.cancel();
    this.#client.close();
    const exit = once(this.#child, "exit");
    this.#child.kill();
    await exit;
  }
}
