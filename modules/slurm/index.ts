/**
 * Arrays on a Slurm cluster: one job array each, found again by its token, with a site's wishes in a profile.
 *
 * @module
 */

export { InvalidProfileError } from "./errors.ts";
export type { SlurmOptions } from "./options.ts";
export type { SlurmPartition } from "./parse-sinfo.ts";
export { slurm } from "./plugin.ts";
export { loadProfile, type SlurmProfile, shippedProfiles } from "./profile.ts";
export type { SlurmImage, SlurmResources, SlurmSettings } from "./settings.ts";
export type { Slurm, SlurmSite } from "./slurm.ts";
