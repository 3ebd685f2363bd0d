import { fastsim, shippedModel } from "../../modules/fastsim/index.ts";
import { onnx } from "../../modules/onnx/index.ts";
import { adaptableDetector } from "../../thematic/detector/index.ts";

/** The shipped GAN, as the twin that is adapted. */
export function ganPlugins(templateShowers: number): {
  readonly network: ReturnType<typeof onnx>;
  readonly gan: ReturnType<typeof fastsim>;
  readonly adaptable: ReturnType<typeof adaptableDetector>;
} {
  return {
    network: onnx({ file: shippedModel("gan") }),
    gan: fastsim(),
    adaptable: adaptableDetector({ templateShowers }),
  };
}
