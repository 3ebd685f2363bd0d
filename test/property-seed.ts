import fc from "fast-check";

// The small sample of `npm test` is the same everywhere, so that a change is what turns it red; the long form draws
// anew each time and prints the seed of what it finds.
if (process.env["TWINLOOM_LONG"] === undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 20_261_122 });
