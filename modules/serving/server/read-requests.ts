import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { reasonOf, TwinError } from "../../../core/index.ts";
import { WireError } from "../errors.ts";

/** A message as it came: its handler reads it, and is told there what is wrong with it. */
export class Received<Message> {
  /** Its length on the wire, uncompressed. */
  readonly bytes: number;
  readonly #message: Message | TwinError;

  constructor(bytes: number, message: Message | TwinError) {
    this.bytes = bytes;
    this.#message = message;
  }

  /** @throws what is wrong with it. */
  read(): Message {
    if (this.#message instanceof TwinError) throw this.#message;
    return this.#message;
  }
}

/**
 * A service whose handlers get {@link Received}. gRPC would answer INTERNAL by itself to what is no message, as if it
 * were the server's fault, and without a reason.
 *
 * @param check - Refuses bytes before they are read.
 */
export function readRequests(
  service: ServiceDefinition<UntypedServiceImplementation>,
  check: (bytes: Buffer, method: string) => void,
): ServiceDefinition<UntypedServiceImplementation> {
  return Object.fromEntries(
    Object.entries(service).map(([name, method]) => {
      const read = (bytes: Buffer): object | TwinError => {
        try {
          check(bytes, name);
          return method.requestDeserialize(bytes);
        } catch (error) {
          if (error instanceof TwinError) return error;
          return new WireError(
            `${bytes.length} bytes are no message for ${method.path}: ${reasonOf(error)}. They must be protobuf as its definition says.`,
            { cause: error },
          );
        }
      };
      return [name, { ...method, requestDeserialize: (bytes: Buffer) => new Received(bytes.length, read(bytes)) }];
    }),
  );
}
