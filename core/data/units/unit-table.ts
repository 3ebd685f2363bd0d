/** Powers of ten by prefix. @see Source: BIPM, SI Brochure, 9th edition (2019), table 7. */
export const PREFIXES: readonly (readonly [name: string, symbols: readonly string[], power: number])[] = [
  ["yotta", ["Y"], 24],
  ["zetta", ["Z"], 21],
  ["exa", ["E"], 18],
  ["peta", ["P"], 15],
  ["tera", ["T"], 12],
  ["giga", ["G"], 9],
  ["mega", ["M"], 6],
  ["kilo", ["k"], 3],
  ["hecto", ["h"], 2],
  ["deka", ["da"], 1],
  ["deca", [], 1],
  ["deci", ["d"], -1],
  ["centi", ["c"], -2],
  ["milli", ["m"], -3],
  ["micro", ["u", "µ", "μ"], -6],
  ["nano", ["n"], -9],
  ["pico", ["p"], -12],
  ["femto", ["f"], -15],
  ["atto", ["a"], -18],
  ["zepto", ["z"], -21],
  ["yocto", ["y"], -24],
];

/** Base units, in the order of the exponents of a dimension. The kilogram is made of grams, which take prefixes. */
export const BASE_UNITS = ["m", "kg", "s", "A", "K", "mol", "cd"] as const;

/** What a unit is, its symbols (case matters) and its names (case does not; plurals are made). */
export type UnitEntry = readonly [definition: string, symbols: string, names: string];

/**
 * Units in the spellings of UDUNITS.
 *
 * @see Source: SI Brochure, 9th edition (2019): base and derived units, exact constants (e, tables 1, 4 and 8);
 *   NIST SP 811 (2008), appendix B (other units); CODATA 2018 (u); CF 1.11, sections 4.1 and 4.2 (degrees_north, …);
 *   UDUNITS 2 (spellings; year, gravity, Dobson unit, columns of water and mercury).
 */
export const UNITS: readonly UnitEntry[] = [
  ["m", "", "meter metre"],
  ["1e-3 kg", "g", "gram gramme"],
  ["s", "sec", "second"],
  ["A", "", "ampere amp"],
  ["K", "°K", "kelvin degree_kelvin degrees_kelvin degreek degreesk deg_k degs_k degk degsk"],
  ["mol", "", "mole"],
  ["cd", "", "candela"],

  ["1", "rad", "radian"],
  ["1", "sr", "steradian"],
  ["1", "", "count"],
  ["0.01", "%", "percent"],
  ["1e-6", "ppm ppmv", "parts_per_million"],
  ["1e-9", "ppb ppbv", "parts_per_billion"],
  ["1e-12", "ppt pptv", "parts_per_trillion"],
  ["1", "", "bit"],
  ["8 bit", "", "byte"],

  ["s-1", "Hz", "hertz"],
  ["m kg s-2", "N", "newton"],
  ["N m-2", "Pa", "pascal"],
  ["N m", "J", "joule"],
  ["J s-1", "W", "watt"],
  ["A s", "C", "coulomb"],
  ["W A-1", "V", "volt"],
  ["C V-1", "F", "farad"],
  ["V A-1", "Ω Ω", "ohm"],
  ["A V-1", "S", "siemens"],
  ["V s", "Wb", "weber"],
  ["Wb m-2", "T", "tesla"],
  ["Wb A-1", "H", "henry"],
  ["cd sr", "lm", "lumen"],
  ["lm m-2", "lx", "lux"],
  ["s-1", "Bq", "becquerel"],
  ["J kg-1", "Gy", "gray"],
  ["J kg-1", "Sv", "sievert"],
  ["mol s-1", "kat", "katal"],

  [
    "K @ 273.15",
    "°C",
    "celsius degree_celsius degrees_celsius degree_c degrees_c degreec degreesc deg_c degs_c degc degsc",
  ],
  ["K 5 / 9", "°R", "rankine degree_rankine degrees_rankine degree_r degrees_r degr deg_r"],
  [
    "°R @ 459.67",
    "°F",
    "fahrenheit degree_fahrenheit degrees_fahrenheit degree_f degrees_f degreef degreesf deg_f degf degsf",
  ],

  ["60 s", "min", "minute"],
  ["60 min", "h hr", "hour"],
  ["24 h", "d", "day"],
  ["7 d", "", "week"],
  ["365.242198781 d", "yr", "year"],
  ["year / 12", "", "month"],
  ["365 d", "", "common_year"],
  ["366 d", "", "leap_year"],
  ["365.25 d", "", "julian_year"],
  ["360 d", "", "360_day_year"],

  ["3.14159265358979323846264338327950288 / 180", "°", "degree arc_degree angular_degree degree_true degrees_true"],
  ["degree", "", "degree_north degrees_north degree_n degrees_n degreen degreesn"],
  ["degree", "", "degree_east degrees_east degree_e degrees_e degreee degreese"],
  ["-1 degree", "", "degree_south degrees_south degree_s degrees_s"],
  ["-1 degree", "", "degree_west degrees_west degree_w degrees_w degreew degreesw"],
  ["degree / 60", "' ′", "arc_minute arcminute angular_minute"],
  ["arc_minute / 60", '" ″', "arc_second arcsecond angular_second"],

  ["1e-10 m", "Å Å", "angstrom"],
  ["1e-6 m", "", "micron"],
  ["2.54 cm", "in", "inch"],
  ["12 inch", "ft", "foot feet"],
  ["3 foot", "yd", "yard"],
  ["1760 yard", "mi", "mile"],
  ["1852 m", "nmile", "nautical_mile"],
  ["149597870700 m", "au", "astronomical_unit"],
  ["100 m2", "", "are"],
  ["1e4 m2", "ha", "hectare"],
  ["1e-28 m2", "b", "barn"],
  ["1e-3 m3", "l L", "liter litre"],
  ["nautical_mile / hour", "kt", "knot"],

  ["1000 kg", "t", "tonne metric_ton"],
  ["0.45359237 kg", "lb", "pound"],
  ["lb / 16", "oz", "ounce"],
  ["1.66053906660e-27 kg", "u", "amu atomic_mass_unit unified_atomic_mass_unit"],

  ["9.80665 m s-2", "", "gravity standard_free_fall"],
  ["9.80665e3 kg m-2 s-2", "H2O", "water"],
  ["13595.10 9.80665 kg m-2 s-2", "Hg", "mercury"],
  ["mm Hg", "mmHg", ""],
  ["inch Hg", "inHg", ""],
  ["1e5 Pa", "", "bar"],
  ["101325 Pa", "atm", "atmosphere standard_atmosphere"],
  ["atm / 760", "", "torr"],
  ["1e-5 N", "", "dyne"],
  ["1e-7 J", "", "erg"],
  ["1.602176634e-19 J", "eV", "electronvolt electron_volt"],
  ["1.602176634e-19 C", "e", ""],
  ["4.1868 J", "cal", "calorie"],
  ["1e-4 T", "", "gauss"],
  ["3.7e10 Bq", "Ci", "curie"],
  ["1e6 m3 s-1", "", "sverdrup"],
  ["446.2e-6 mol m-2", "DU", "dobson"],
];
