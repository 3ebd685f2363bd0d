import type { Plugin, Provided, Provides } from "./plugin.ts";
import { ENGINE_VERSION } from "./version.ts";

/** Name of every plugin made by {@link constant}: a value has no module that a twin.yaml could name. */
export const CONSTANT_PLUGIN = "twinloom#constant";

/**
 * Makes a plugin of a value: a fake in a test, or something made elsewhere. The value is a part like any other; its
 * `start` and `stop` are called where it has them.
 *
 * @param provides - The token, or tokens, that the value stands for; the compiler checks that it does.
 *
 * @example
 * createTwin({ plugins: { detector: calorimeter({ layers: 2 }), model: constant(Model, fakeModel) } });
 */
export function constant<const P extends Provides, const Part extends Provided<P>>(
  provides: P,
  value: Part,
): Plugin<Part> {
  return {
    definition: { name: CONSTANT_PLUGIN, version: ENGINE_VERSION, provides, create: () => value },
    options: {},
  };
}
