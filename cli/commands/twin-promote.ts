import { type Command, defineCommand } from "../command.ts";
import { EVIDENCE_OPTION, REASON_OPTION, STORE_OPTION, VERSION_ARGUMENT } from "../store-options.ts";

export const twinPromote: Command = defineCommand({
  path: ["twin", "promote"],
  summary: "Change the state of a version",
  description:
    "States say how far the evidence goes. validated takes a validation that passed, released a reproduction and an audit " +
    "(or a waiver of it), and both what the policy demands; deprecated and withdrawn take a reason. What is missing is " +
    "told, and the state stays. --evidence is kept as a validation that passed, as twin attest does, and stays kept where " +
    "it does not suffice; not where the version cannot have that state from the one it has.",
  arguments: {
    version: { description: VERSION_ARGUMENT },
    state: { description: "validated, released, deprecated or withdrawn" },
  },
  options: {
    policy: { kind: "text", placeholder: "file", description: "fidelity gate: metrics and thresholds, YAML" },
    ...EVIDENCE_OPTION,
    ...REASON_OPTION,
    ...STORE_OPTION,
  },
  example: [
    "twinloom twin promote ecal@v7 validated --policy gate.yaml --evidence validation.json",
    'twinloom twin promote ecal@v3 withdrawn --reason "wrong absorber"',
  ],
  run: async ({ version: name, state }, { policy: file, evidence, reason, store: folder }, io) => {
    const { resolve } = await import("node:path");
    const { STATES, TRANSITIONS } = await import("../../core/index.ts");
    const { attestationFrom } = await import("../attestation-from.ts");
    const { UsageError } = await import("../errors.ts");
    const { readText } = await import("../read-text.ts");
    const { shortDigest, versionText } = await import("../version-text.ts");
    const { withStore } = await import("../with-store.ts");
    const to = STATES.find((each) => each === state);
    if (to === undefined) throw new UsageError(`"${state}" is no state. There are: ${STATES.join(", ")}.`);
    const policy = file === undefined ? undefined : await readText(resolve(io.cwd, file));
    await withStore({ store: folder }, io, async (store) => {
      const before = await store.resolve(name);
      // By digest: an alias may be moved meanwhile.
      const { digest } = before;
      const options = { reason, signal: io.signal };
      let kept: string | undefined;
      if (evidence !== undefined && TRANSITIONS[before.state].includes(to)) {
        const typed = { kind: "validation", verdict: "passed", evidence } as const;
        const made = await attestationFrom(typed, { store, entry: before, cwd: io.cwd });
        // A policy that cannot be read is told before anything is kept.
        if (to === "validated" || to === "released") await store.gate(digest, to, { policy });
        const descriptor = await store.attest(digest, made, options);
        kept = `Kept as evidence: ${evidence}, ${Object.keys(made.metrics).length} metrics (${shortDigest(descriptor.digest)}).`;
      }
      try {
        const entry = await store.changeState(digest, to, { ...options, policy });
        if (io.json) io.printJson(entry);
        else io.print([`${io.style.green(entry.state)}: ${versionText(entry)}`, ...(kept ? [kept] : [])].join("\n"));
        if (entry.state === "withdrawn" && entry.aliases.length > 0) {
          io.warn(
            `On it are still: ${entry.aliases.join(", ")}; what runs by these names is refused now. Move them with twin alias or twin rollback.`,
          );
        }
      } catch (error) {
        if (kept) io.warn(`${kept} The state was not changed.`);
        throw error;
      }
    });
  },
});
