import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { reasonOf } from "../../../core/index.ts";
import { WireError } from "../errors.ts";

/** Stands in for a message that cannot be read. */
export class Malformed {
  readonly error: WireError;

  constructor(error: WireError) {
    this.error = error;
  }
}

/**
 * A service whose handlers get {@link Malformed} for what is no message. gRPC would answer INTERNAL by itself, as if it
 * were the server's fault, and without a reason.
 */
export function tellMalformed(
  service: ServiceDefinition<UntypedServiceImplementation>,
): ServiceDefinition<UntypedServiceImplementation> {
  return Object.fromEntries(
    Object.entries(service).map(([name, method]) => {
      const requestDeserialize = (bytes: Buffer): object => {
        try {
          return method.requestDeserialize(bytes);
        } catch (error) {
          return new Malformed(
            new WireError(
              `${bytes.length} bytes are no message for ${method.path}: ${reasonOf(error)}. They must be protobuf as in inference.proto.`,
              { cause: error },
            ),
          );
        }
      };
      return [name, { ...method, requestDeserialize }];
    }),
  );
}
