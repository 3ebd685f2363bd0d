import { z } from "zod";
import { checkSchema, InvalidArgumentError } from "../../../core/index.ts";
import { type FollowerSetup, settingsOf } from "./follower-options.ts";

const counts = z.strictObject({
  ...{ taken: z.int(), repeated: z.int(), late: z.int(), invalid: z.int() },
  ...{ analyses: z.int(), used: z.int(), rejected: z.int(), missing: z.int() },
});

const FollowerStateSchema = z.strictObject({
  schemaVersion: z.literal(1),
  follows: z.string(),
  settings: z.json(),
  step: z.int().nullable(),
  newest: z.int().nullable(),
  states: z.array(z.number()).readonly(),
  open: z.array(z.strictObject({ step: z.int(), sums: z.array(z.number()), counts: z.array(z.int()) })),
  seen: z.json(),
  counts,
});

/** A follower as plain JSON. */
export type FollowerState = z.infer<typeof FollowerStateSchema>;

/** @throws `TWIN_INVALID_ARGUMENT` for what is no state, or one of another emulator, network or options. */
export function parseFollowerState(state: unknown, setup: FollowerSetup): FollowerState {
  const checked = checkSchema(FollowerStateSchema, state);
  if (checked.problems) {
    const [first] = checked.problems;
    throw new InvalidArgumentError(
      `This is no state of a follower: ${first?.path.join(".") || "it"}: ${first?.message}`,
    );
  }
  const { value } = checked;
  const { emulator, members, network } = setup;
  if (value.follows !== emulator.digest || JSON.stringify(value.settings) !== JSON.stringify(settingsOf(setup))) {
    throw new InvalidArgumentError(
      "This state is that of a follower of another emulator, with other stations or other options. Begin anew in another folder, or take those that it was made with.",
    );
  }
  const width = network.stations.length;
  const isWhole = value.open.every(({ sums, counts: of }) => sums.length === width && of.length === width);
  if (!isWhole || value.states.length !== (value.step === null ? 0 : members * emulator.modes)) {
    throw new InvalidArgumentError("This is no state of a follower: its lists have lengths that do not fit together.");
  }
  return value;
}
