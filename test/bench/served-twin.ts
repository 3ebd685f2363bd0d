import { fileURLToPath } from "node:url";

/** The shipped GAN. */
export const GAN: string = fileURLToPath(new URL("../../modules/fastsim/models/gan.onnx", import.meta.url));

/** A twin that serves it, computed on one thread. */
export const SERVED_TWIN: string = `twin: served
plugins:
  network: { use: twinloom/modules/onnx, file: ${JSON.stringify(GAN)}, threads: 1 }
  shower: { use: twinloom/modules/fastsim }
`;
