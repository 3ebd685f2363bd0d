import { fileURLToPath } from "node:url";

/** The shipped GAN. */
export const GAN: string = fileURLToPath(new URL("../../modules/fastsim/models/gan.onnx", import.meta.url));

/** A twin that serves it, computed on one thread. */
export const SERVED_TWIN: string = `twin: served
plugins:
  network: { use: twinloom/modules/onnx, file: ${JSON.stringify(GAN)}, threads: 1 }
  shower: { use: twinloom/modules/fastsim }
`;

/** The one method of a server that measures what gRPC alone adds. */
export const ASK = {
  path: "/bare.Showers/Ask",
  requestStream: true,
  responseStream: true,
  requestSerialize: (bytes: Buffer): Buffer => bytes,
  requestDeserialize: (bytes: Buffer): Buffer => bytes,
  responseSerialize: (bytes: Buffer): Buffer => bytes,
  responseDeserialize: (bytes: Buffer): Buffer => bytes,
} as const;
