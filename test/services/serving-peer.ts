import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { PythonPeer } from "../bench/python-peer.ts";

const python = fileURLToPath(new URL("../../.venv/bin/python", import.meta.url));

/** Whether the Python clients are there, or must be. */
export const HAS_PYTHON: boolean = existsSync(python) || process.env["TWINLOOM_REQUIRE_SERVICES"] === "1";

/** A tensor as the peer takes and gives it. */
export interface PeerTensor {
  readonly datatype: string;
  readonly shape: readonly number[];
  /** The bytes, base64; but {@link texts} where the datatype is BYTES. */
  readonly data?: string;
  readonly texts?: readonly string[];
}

/** A response, as tritonclient gave it. */
export interface PeerAnswer {
  readonly model: string;
  readonly version: string;
  readonly id: string;
  readonly outputs: Readonly<Record<string, PeerTensor>>;
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  /** In a stream: the error that came in place of a response. */
  readonly status?: string;
  readonly message?: string;
}

/** What a call of the peer failed with. */
export interface PeerFailure {
  /** Of gRPC: `"INVALID_ARGUMENT"`. */
  readonly status: string;
  readonly message: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Paths of PEM files. */
export interface PeerTls {
  readonly authority: string;
  readonly certificate?: string;
  readonly key?: string;
}

/** Independent clients of a server, in a Python process: serving-peer.py. */
export class ServingPeer {
  readonly #peer = new PythonPeer("../services/serving-peer.py");

  /** A peer that talks to one server. */
  static async connect(endpoint: string, tls?: PeerTls): Promise<ServingPeer> {
    const peer = new ServingPeer();
    await peer.ask("connect", { endpoint, ...(tls && { tls }) });
    return peer;
  }

  /** Calls a method of the peer. */
  async ask<T = unknown>(op: string, values: object = {}): Promise<T> {
    const { answer, failure } = await this.#peer.ask({ op, ...values });
    if (failure === undefined) return answer as T;
    const { status, message } = failure as PeerFailure;
    throw Object.assign(new Error(`${status}: ${message}`), { failure });
  }

  /** What a call fails with, which it must. */
  async failureOf(op: string, values: object = {}): Promise<PeerFailure> {
    const { answer, failure } = await this.#peer.ask({ op, ...values });
    if (failure === undefined) throw new Error(`${op} was answered: ${JSON.stringify(answer).slice(0, 200)}`);
    return failure as PeerFailure;
  }

  stop(): void {
    this.#peer.stop();
  }
}

/** An array of numbers as a tensor for the peer; `data` has the bytes of the datatype, which of float16 an NdArray has not. */
export function tensor(
  datatype: string,
  array: { readonly data: ArrayBufferView; readonly shape: readonly number[] },
): PeerTensor {
  const { buffer, byteOffset, byteLength } = array.data;
  return { datatype, shape: array.shape, data: Buffer.from(buffer, byteOffset, byteLength).toString("base64") };
}

/** The bytes of a tensor that the peer gave. */
export function bytesOf({ data = "" }: PeerTensor): ArrayBuffer {
  return Uint8Array.from(Buffer.from(data, "base64")).buffer;
}

/** A tensor of the peer as an array of 32-bit floats. */
export function floats({ datatype, ...tensor }: PeerTensor): Float32Array {
  if (datatype !== "FP32") throw new Error(`It is ${datatype}.`);
  return new Float32Array(bytesOf({ datatype, ...tensor }));
}
