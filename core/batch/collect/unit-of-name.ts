/**
 * Endings of names that say a unit beyond doubt. Not what any parser of units would take: `timeoutMs` is in milliseconds,
 * and no megaseconds. Single letters say nothing: `kernelK`, `planB`.
 */
const UNITS: readonly (readonly [ending: string, unit: string])[] = [
  ...["eV", "keV", "MeV", "GeV", "TeV", "PeV", "Hz", "kHz", "MHz", "GHz", "Pa", "hPa", "kPa", "MPa"].map(
    (unit) => [unit, unit] as const,
  ),
  ["KeV", "keV"],
  ["KHz", "kHz"],
  ["HPa", "hPa"],
  ["KPa", "kPa"],
  ["Mm", "mm"],
  ["Cm", "cm"],
  ["Km", "km"],
  ["Um", "um"],
  ["Ms", "ms"],
  ["Us", "us"],
  ["Ns", "ns"],
  ["Ps", "ps"],
  ["Kg", "kg"],
  ["Rad", "rad"],
  ["Mrad", "mrad"],
  ["Deg", "degree"],
  ["DegC", "degC"],
  ["Percent", "percent"],
];

/** The unit that the name of a number ends with: `energyMeV` is in MeV; `undefined` where that is not beyond doubt. */
export function unitOfName(name: string): string | undefined {
  const own = name.slice(name.lastIndexOf(".") + 1);
  return UNITS.filter(([ending]) => {
    if (!own.endsWith(ending)) return false;
    const before = own.slice(0, -ending.length);
    // A new word begins with a capital: `barKeV`, `energy_keV`, but not `hockeV`.
    return /^[A-Z]/.test(ending) ? /[a-z0-9_]$/.test(before) : /_$/.test(before);
  })
    .sort(([a], [b]) => b.length - a.length)
    .at(0)?.[1];
}
