import { type Command, defineCommand } from "../command.ts";
import { EVIDENCE_OPTION, REASON_OPTION, STORE_OPTION, VERSION_ARGUMENT } from "../store-options.ts";

export const twinPromote: Command = defineCommand({
  path: ["twin", "promote"],
  summary: "Change the state of a version",
  description:
    "States say how far the evidence goes. validated takes a validation that passed, released a reproduction and an audit " +
    "(or a waiver of it), and both what the policy demands; deprecated and withdrawn take a reason. What is missing is " +
    "told, and nothing is changed. --evidence is first kept as a validation that passed, as twin attest does.",
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
    const { STATES } = await import("../../core/index.ts");
    const { attestationFrom } = await import("../attestation-from.ts");
    const { UsageError } = await import("../errors.ts");
    const { readText } = await import("../read-text.ts");
    const { versionText } = await import("../version-text.ts");
    const { withStore } = await import("../with-store.ts");
    const to = STATES.find((each) => each === state);
    if (to === undefined) throw new UsageError(`"${state}" is no state. There are: ${STATES.join(", ")}.`);
    const policy = file === undefined ? undefined : await readText(resolve(io.cwd, file));
    const validation =
      evidence === undefined
        ? undefined
        : await attestationFrom({ kind: "validation", verdict: "passed", evidence }, io);
    const entry = await withStore({ store: folder }, io, async (store) => {
      // By digest: an alias may be moved meanwhile.
      const { digest } = await store.resolve(name);
      const options = { reason, signal: io.signal };
      if (validation !== undefined) await store.attest(digest, { ...validation, subject: digest }, options);
      return await store.changeState(digest, to, { ...options, policy });
    });
    if (io.json) io.printJson(entry);
    else io.print(`${io.style.green(entry.state)}: ${versionText(entry)}`);
  },
});
