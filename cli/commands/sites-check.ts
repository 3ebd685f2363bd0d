import { type Command, defineCommand } from "../command.ts";

export const sitesCheck: Command = defineCommand({
  path: ["sites", "check"],
  summary: "Say in words what this Slurm cluster offers, and whether batches can run on it",
  description:
    "Asks the controller; nothing is submitted. Profiles that come with Twinloom are examples to copy: juwels-like, vega-like, " +
    "lumi-like. Exit code 1 when nothing answers, or batches cannot run.",
  options: {
    profile: { kind: "text", placeholder: "file", description: "the site's profile, or the name of one of Twinloom" },
    folder: {
      kind: "text",
      placeholder: "folder",
      description: "where batches are to be: is that file system fit for them? (default: the working directory)",
    },
  },
  example: ["twinloom sites check --profile site.yaml", "twinloom sites check --folder /scratch/me"],
  run: async (_args, { profile, folder: typed = "." }, io) => {
    const { resolve } = await import("node:path");
    const { createTwin } = await import("../../core/index.ts");
    const { shippedProfiles, slurm } = await import("../../modules/slurm/index.ts");
    const { profilePath } = await import("../batch-executor.ts");
    const { SiteUnfitError } = await import("../errors.ts");
    const { hasHardLinks } = await import("../has-links.ts");
    const { isUsable, siteText } = await import("../site-text.ts");
    const { withTwin } = await import("../with-twin.ts");
    const profiles = await shippedProfiles();
    io.print(`Profiles that come with Twinloom: ${profiles.join(", ")}.`);
    const { signal } = io;
    const cluster = slurm(profile === undefined ? {} : { profile: profilePath(profile, io.cwd) });
    await withTwin(await createTwin({ plugins: { cluster }, signal }), async (twin) => {
      const site = await twin.cluster.describeSite({ signal });
      const folder = resolve(io.cwd, typed);
      const own = { node: process.versions.node, folder, hasLinks: await hasHardLinks(folder) };
      if (!isUsable(site, own)) {
        io.print(siteText(site, own));
        throw new SiteUnfitError(
          own.hasLinks ? "no partition is up." : `the file system of "${folder}" has no hard links.`,
        );
      }
      if (io.json) io.printJson({ site, own, profiles });
      else io.print(siteText(site, own));
    });
  },
});
