import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { cfTime, convertUnits, formatDate, parseDate, RandomStream } from "../../core/index.ts";

const python = fileURLToPath(new URL("../../.venv/bin/python", import.meta.url));
const isRequired = process.env["TWINLOOM_REQUIRE_SERVICES"] === "1";

const CFTIME = `
import cftime, json, sys, warnings
warnings.simplefilter("ignore")
def text(units, calendar, value):
    d = cftime.num2date(value, units, calendar, only_use_cftime_datetimes=True)
    sign = "-" if d.year < 0 else ""
    date = f"{sign}{abs(d.year):04d}-{d.month:02d}-{d.day:02d}"
    return f"{date}T{d.hour:02d}:{d.minute:02d}:{d.second:02d}.{d.microsecond:06d}"
print(json.dumps([text(*case) for case in json.load(sys.stdin)]))
`;

/** Picks elements, the same in every run. */
function picker(seed: bigint): <T>(list: readonly T[]) => T {
  const stream = new RandomStream({ seed, id: 0n });
  return (list) => list[Math.floor(stream.uniform() * list.length)] as (typeof list)[number];
}

const CALENDARS = [
  ...["standard", "gregorian", "proleptic_gregorian", "julian"],
  ...["noleap", "365_day", "all_leap", "366_day", "360_day"],
];
const LENGTHS = { microseconds: 1, milliseconds: 1e3, seconds: 1e6, minutes: 60e6, hours: 3600e6, days: 86_400e6 };

type TimeCase = readonly [unit: string, calendar: string, value: number];

/** Times whose float64 is exact to a microsecond, or whose microsecond is told by the one that it is. */
function timeCases(count: number): readonly TimeCase[] {
  const pick = picker(1582n);
  const upTo = (end: number): readonly number[] => Array.from({ length: end }, (_, i) => i + 1);
  const [days, thousand] = [upTo(28), upTo(1000)];
  return Array.from({ length: count }, () => {
    const [unit, length] = pick(Object.entries(LENGTHS));
    const year = String(pick([1, 2, 5, 400, 1500, 1580, 1582, 1583, 1700, 1900, 1970, 2000, 2024, 9999])).padStart(
      4,
      "0",
    );
    const day = pick([4, 15, 16, ...days.filter((each) => each < 5 || each > 14)]);
    const clock = pick(["", " 0:0", " 12:30:00", "T23:59:59.5", " 06:00:00.000001 UTC", " 01:00 +03:30", " 1:02:03Z"]);
    const from = `${unit} since ${year}-${pick(upTo(12))}-${day}${clock}`;
    const microseconds =
      pick([-1, 1]) * (pick(thousand) * pick([1, 97, 1461]) * 86_400e6 + pick(thousand) * pick([1, 1e3, 86_000_000]));
    // Beyond 2^53 JSON would not be the same number in both.
    return [from, pick(CALENDARS), (microseconds / length) % 2 ** 53];
  });
}

/** From the date that we have for a time to the one of cftime. */
function microsecondsApart([unit, calendar, value]: TimeCase, theirs: string): number {
  const ours = cfTime({ unit, calendar }).decode(value);
  const [day] = formatDate(ours).split("T");
  const fine = cfTime({ unit: `microseconds since ${day}`, calendar });
  return Math.abs(fine.encode(ours) - fine.encode(parseDate(theirs)));
}

describe.skipIf(!existsSync(python) && !isRequired)("times (needs scripts/python-venv.sh)", () => {
  it("are those of cftime, over all calendars", { timeout: 120_000 }, () => {
    const cases = timeCases(20_000);
    const input = JSON.stringify(cases);
    const theirs = JSON.parse(
      execFileSync(python, ["-c", CFTIME], { input, encoding: "utf8", maxBuffer: 1e8 }),
    ) as readonly string[];
    expect(theirs).toHaveLength(cases.length);
    const apart = cases.map((each, i) => microsecondsApart(each, theirs[i] as string));
    // Theirs go through products of long doubles, so a time midway between two microseconds may become the other one.
    expect(cases.filter((_, i) => (apart[i] as number) > 1)).toEqual([]);
    expect(apart.filter((microseconds) => microseconds > 0).length).toBeLessThan(cases.length / 1000);
  });
});

const WORDS = [
  ...[
    "m",
    "km",
    "cm",
    "mm",
    "µm",
    "feet",
    "nautical_mile",
    "kg",
    "g",
    "Mg",
    "tonne",
    "lb",
    "s",
    "min",
    "h",
    "day",
    "week",
  ],
  ...[
    "K",
    "degC",
    "A",
    "mol",
    "cd",
    "Hz",
    "N",
    "Pa",
    "hPa",
    "mbar",
    "bar",
    "J",
    "MJ",
    "GeV",
    "W",
    "kW",
    "V",
    "ohm",
    "F",
  ],
  ...[
    "T",
    "Wb",
    "H",
    "lm",
    "lux",
    "Gy",
    "liter",
    "barn",
    "degree",

    "ppm",
    "knot",
    "DU",
    "hectare",
    "erg",
    "meters",
  ],
];

/** Units that convert into one another, and some that do not. */
function unitPairs(count: number): (readonly [string, string])[] {
  const pick = picker(2026n);
  const join = (powers: readonly (readonly [string, number])[]): string =>
    powers.map(([word, power]) => `${word}${power === 1 ? "" : pick(["", "^", "**"]) + power}`).join(pick([" ", "*"]));
  return Array.from({ length: count }, () => {
    const powers = Array.from({ length: pick([1, 2, 3]) }, () => [pick(WORDS), pick([-2, -1, 1, 2, 3])] as const);
    const base = powers.map(([word, power]) => [SAME[word] ?? word, power] as const);
    const other = pick([true, true, true, false]) ? base.reverse() : [[pick(WORDS), 1] as const];
    return [join(powers), join(other)];
  });
}

/** Another unit of what a unit measures. */
const SAME: Readonly<Record<string, string>> = {
  ...{ km: "mile", cm: "inch", feet: "yard", Mg: "pound", tonne: "kg", h: "s", day: "min", degC: "degF", hPa: "atm" },
  ...{
    MJ: "cal",
    GeV: "erg",
    kW: "(J s-1)",
    liter: "(m3)",
    barn: "(fm2)",
    degree: "rad",
    ppm: "ppb",
    knot: "(km h-1)",
  },
};

const hasUdunits = !spawnSync("udunits2", ["--help"]).error;

describe.skipIf(!hasUdunits && !isRequired)("units (needs the program udunits2)", () => {
  it("convert as in UDUNITS", { timeout: 120_000 }, () => {
    const pairs = unitPairs(2000);
    // It asks for both in turn. In brackets, as it takes a leading number for a value.
    const input = pairs.map(([from, to]) => `(${from})\n${to}\n`).join("");
    const { stdout } = spawnSync("udunits2", [], { input, encoding: "utf8", maxBuffer: 1e8 });
    const answers = stdout.split("You want: ").slice(1);
    expect(answers).toHaveLength(pairs.length);
    const different = pairs.flatMap(([from, to], i) => {
      const theirs = lineIn(answers[i] as string);
      const ours = conversion(from, to);
      return isNear(ours, theirs) ? [] : [[from, to, ours, answers[i]]];
    });
    expect(different).toEqual([]);
    expect(pairs.filter(([from, to]) => conversion(from, to) !== undefined).length).toBeGreaterThan(1000);
  });
});

interface Line {
  readonly scale: number;
  readonly offset: number;
}

/** The line that the program prints; `undefined` where it says that there is none. */
function lineIn(answer: string): Line | undefined {
  const match = /^\s*x\/.* = (?:([-+.\de]+)\*)?\(.*\)(?: ([-+]) ([.\de+-]+))?$/m.exec(answer);
  if (!match) return undefined;
  const [, scale = "1", sign = "+", offset = "0"] = match;
  return { scale: Number(scale), offset: Number(`${sign}${offset}`) };
}

function conversion(from: string, to: string): Line | undefined {
  try {
    return convertUnits(from, to);
  } catch {
    return undefined;
  }
}

/** To the six digits that the program prints. */
function isNear(ours: Line | undefined, theirs: Line | undefined): boolean {
  if (!ours || !theirs) return ours === theirs;
  const close = (a: number, b: number): boolean => Math.abs(a - b) <= 6e-6 * Math.abs(b);
  return close(ours.scale, theirs.scale) && close(ours.offset, theirs.offset);
}
