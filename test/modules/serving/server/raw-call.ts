import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import type { InferenceServer } from "../../../../modules/serving/index.ts";
import { loadProtos } from "../../../../modules/serving/protocol/load-protos.ts";
import type { ModelInferRequestInit } from "../../../../modules/serving/protocol/messages.ts";

/** A call as bytes over HTTP/2, without a library of gRPC: what well-behaved clients do not send. */
export class RawCall implements AsyncDisposable {
  readonly session: ClientHttp2Session;
  readonly stream: ClientHttp2Stream;

  constructor(session: ClientHttp2Session, stream: ClientHttp2Stream) {
    this.session = session;
    this.stream = stream;
  }

  /** @param headers - Beside those that gRPC needs. */
  static async to(
    server: InferenceServer,
    method: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<RawCall> {
    const { host, port } = server.address;
    const session = connect(`http://${host}:${port}`);
    await once(session, "connect");
    return RawCall.on(session, method, headers);
  }

  /** Over a connection that there is. */
  static on(session: ClientHttp2Session, method: string, headers: Readonly<Record<string, string>> = {}): RawCall {
    const stream = session.request({
      ":method": "POST",
      ":path": method.startsWith("/") ? method : `/inference.GRPCInferenceService/${method}`,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    return new RawCall(session, stream);
  }

  /** Sends a message. @param isCompressed - What its first byte says. */
  send(message: Uint8Array, isCompressed = false): void {
    const prefix = Buffer.alloc(5);
    prefix.writeUInt8(isCompressed ? 1 : 0, 0);
    prefix.writeUInt32BE(message.length, 1);
    this.stream.write(Buffer.concat([prefix, message]));
  }

  end(): void {
    this.stream.end();
  }

  /** The messages of the answer, and how it ended. */
  async readAll(): Promise<{
    readonly messages: readonly Buffer[];
    readonly status: string;
    readonly details: string;
  }> {
    const { grpc } = await loadProtos();
    let trailers: Readonly<Record<string, unknown>> = {};
    // A call that fails at once has its status in the headers.
    this.stream.on("response", (headers) => {
      trailers = { ...headers, ...trailers };
    });
    this.stream.on("trailers", (headers) => {
      trailers = { ...trailers, ...headers };
    });
    const parts: Buffer[] = [];
    for await (const part of this.stream) parts.push(part as Buffer);
    const bytes = Buffer.concat(parts);
    const messages: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = at + 5 + bytes.readUInt32BE(at + 1);
      messages.push(bytes.subarray(at + 5, end));
      at = end;
    }
    const code = Number(trailers["grpc-status"]);
    return { messages, status: String(grpc.status[code]), details: decodeURI(String(trailers["grpc-message"] ?? "")) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stream.on("error", () => undefined);
    this.session.destroy();
  }
}

/** A request as bytes. */
export async function encodedRequest(message: ModelInferRequestInit): Promise<Buffer> {
  const { Service } = await loadProtos();
  return Service.service.ModelInfer.requestSerialize(message);
}
