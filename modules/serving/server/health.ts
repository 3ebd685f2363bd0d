import type { Server } from "@grpc/grpc-js";
import type { HealthImplementation } from "grpc-health-check";
import { importOptional } from "../../../core/index.ts";
import { SERVER_PACKAGES } from "../protocol/packages.ts";

/** Name of the service whose health is told beside that of the whole server. */
const SERVICE = "inference.GRPCInferenceService";

/** Tells `grpc.health.v1` how the server is, and each model by its name. */
export class Health {
  /** Path of the definition of the service. */
  readonly protoFile: string;
  readonly #implementation: HealthImplementation;
  readonly #tellsModels: boolean;
  #models: ReadonlySet<string> = new Set();
  #isStopping: boolean = false;

  constructor(implementation: HealthImplementation, of: { readonly protoFile: string; readonly tellsModels: boolean }) {
    this.protoFile = of.protoFile;
    this.#implementation = implementation;
    this.#tellsModels = of.tellsModels;
    this.#tell(["", SERVICE], false);
  }

  addTo(server: Server): void {
    this.#implementation.addToServer(server);
  }

  /** These are served. */
  serving(models: readonly string[]): void {
    if (this.#isStopping) return;
    this.#tell(["", SERVICE], true);
    if (!this.#tellsModels) return;
    const names = new Set(models);
    this.#tell(
      [...this.#models].filter((name) => !names.has(name)),
      false,
    );
    this.#tell(models, true);
    this.#models = new Set([...this.#models, ...names]);
  }

  /** Nothing is, from now on. */
  stopping(): void {
    this.#isStopping = true;
    this.#tell(["", SERVICE, ...this.#models], false);
  }

  #tell(services: readonly string[], isServing: boolean): void {
    for (const service of services) this.#implementation.setStatus(service, isServing ? "SERVING" : "NOT_SERVING");
  }
}

/**
 * @param options - `tellsModels`: whether models are told by name. Health needs no token, so that names that not
 *   everybody may see are not told.
 * @throws `TWIN_PACKAGE_MISSING`
 */
export async function loadHealth({ tellsModels }: { readonly tellsModels: boolean }): Promise<Health> {
  const { HealthImplementation, protoPath } = await importOptional(() => import("grpc-health-check"), {
    package: "grpc-health-check",
    install: SERVER_PACKAGES,
    neededBy: "Serving models over gRPC",
  });
  return new Health(new HealthImplementation(), { protoFile: protoPath, tellsModels });
}
