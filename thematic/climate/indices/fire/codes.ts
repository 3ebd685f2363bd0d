/** Weather at noon (local standard time) that a day's codes are computed from. */
export interface NoonWeather {
  /** degC, in the open at about 1.5 m. */
  readonly temperature: number;
  /** %, 0 to 100; more is taken for 100. */
  readonly humidity: number;
  /** km/h, at 10 m. */
  readonly wind: number;
  /** mm, of the 24 hours before. */
  readonly rain: number;
}

/**
 * Fine fuel moisture code: litter of a forest stand; 0 (soaked) to 101 (dry).
 *
 * @param previous - That of the day before.
 * @see C. E. Van Wagner and T. L. Pickett, "Equations and FORTRAN program for the Canadian Forest Fire Weather Index System", Forestry
 *   Technical Report 33 (1985), equations 1 to 10; so are the numbers of equations below.
 */
export function fineFuelMoistureCode({ temperature, humidity, wind, rain }: NoonWeather, previous: number): number {
  const h = Math.min(humidity, 100);
  const before = fineFuelMoisture(previous);
  const moisture = rain > 0.5 ? wetted(before, rain - 0.5) : before;
  const saturating = Math.exp((h - 100) / 10);
  const warmth = 0.18 * (21.1 - temperature) * (1 - Math.exp(-0.115 * h));
  // Equilibria by drying and by wetting (4, 5).
  const dry = 0.942 * h ** 0.679 + 11 * saturating + warmth;
  const wet = 0.618 * h ** 0.753 + 10 * saturating + warmth;
  // Per day, decadic (6, 7).
  const rate = (part: number): number =>
    (0.424 * (1 - part ** 1.7) + 0.0694 * Math.sqrt(wind) * (1 - part ** 8)) * 0.581 * Math.exp(0.0365 * temperature);
  let after = moisture;
  if (moisture > dry) after = dry + (moisture - dry) / 10 ** rate(h / 100);
  else if (moisture < dry && moisture < wet) after = wet - (wet - moisture) / 10 ** rate(1 - h / 100);
  const code = (59.5 * (250 - after)) / (147.2 + after);
  return Math.min(101, Math.max(0, code));
}

/** Moisture in % of dry weight (1). */
function fineFuelMoisture(code: number): number {
  return (147.2 * (101 - code)) / (59.5 + code);
}

/** After rain that gets through the canopy, in mm (3). */
function wetted(moisture: number, rain: number): number {
  const gain = 42.5 * rain * Math.exp(-100 / (251 - moisture)) * (1 - Math.exp(-6.93 / rain));
  const correction = moisture > 150 ? 0.0015 * (moisture - 150) ** 2 * Math.sqrt(rain) : 0;
  return Math.min(moisture + gain + correction, 250);
}

/**
 * Duff moisture code: loosely packed organic layers of moderate depth; from 0 upward.
 *
 * @param dayLength - Effective length of the day in hours, of month and latitude.
 * @see Van Wagner and Pickett (1985), equations 11 to 17.
 */
export function duffMoistureCode(
  { temperature, humidity, rain }: NoonWeather,
  previous: number,
  dayLength: number,
): number {
  const drying = 1.894 * (Math.max(temperature, -1.1) + 1.1) * (100 - Math.min(humidity, 100)) * dayLength * 1e-4;
  return Math.max(0, (rain > 1.5 ? Math.max(0, wettedDuff(previous, rain)) : previous) + drying);
}

function wettedDuff(code: number, rain: number): number {
  const effective = 0.92 * rain - 1.27;
  // As in cffdrs; the report has 20 + exp(5.6348 - code / 43.43), the same to three digits (12).
  const moisture = 20 + 280 / Math.exp(0.023 * code);
  const slope =
    code <= 33 ? 100 / (0.5 + 0.3 * code) : code <= 65 ? 14 - 1.3 * Math.log(code) : 6.2 * Math.log(code) - 17.2;
  const after = moisture + (1000 * effective) / (48.77 + slope * effective);
  return 43.43 * (5.6348 - Math.log(after - 20));
}

/**
 * Drought code: deep, compact organic layers; from 0 upward.
 *
 * @param dayLengthFactor - Of month and latitude.
 * @see Van Wagner and Pickett (1985), equations 18 to 23.
 */
export function droughtCode({ temperature, rain }: NoonWeather, previous: number, dayLengthFactor: number): number {
  const drying = Math.max(0, (0.36 * (Math.max(temperature, -2.8) + 2.8) + dayLengthFactor) / 2);
  if (!(rain > 2.8)) return previous + drying;
  const equivalent = 800 * Math.exp(-previous / 400);
  return Math.max(0, previous - 400 * Math.log(1 + (3.937 * (0.83 * rain - 1.27)) / equivalent)) + drying;
}

/**
 * Initial spread index: how fast a fire spreads, whatever there is to burn.
 *
 * @param wind - km/h.
 * @see Van Wagner and Pickett (1985), equations 24 to 26.
 */
export function initialSpreadIndex(ffmc: number, wind: number): number {
  const moisture = fineFuelMoisture(ffmc);
  return 19.1152 * Math.exp(-0.1386 * moisture) * (1 + moisture ** 5.31 / 4.93e7) * Math.exp(0.05039 * wind);
}

/**
 * Build-up index: how much there is to burn.
 *
 * @see Van Wagner and Pickett (1985), equation 27.
 */
export function buildUpIndex(dmc: number, dc: number): number {
  if (dmc === 0 && dc === 0) return 0;
  const share = (0.8 * dc) / (dmc + 0.4 * dc);
  return dmc <= 0.4 * dc ? share * dmc : Math.max(0, dmc - (1 - share) * (0.92 + (0.0114 * dmc) ** 1.7));
}

/**
 * Fire weather index: how fierce a fire is.
 *
 * @see Van Wagner and Pickett (1985), equations 28 to 30.
 */
export function fireWeatherIndex(isi: number, bui: number): number {
  const duff = bui <= 80 ? 0.626 * bui ** 0.809 + 2 : 1000 / (25 + 108.64 * Math.exp(-0.023 * bui));
  const intensity = 0.1 * isi * duff;
  // biome-ignore lint/suspicious/noApproximativeNumericConstant: 0.434 is what equation 30 has, and not log10(e).
  return intensity > 1 ? Math.exp(2.72 * (0.434 * Math.log(intensity)) ** 0.647) : intensity;
}

/**
 * Daily severity rating: how hard fires are to control; unlike the FWI it may be averaged.
 *
 * @see Van Wagner and Pickett (1985), equation 41.
 */
export function dailySeverityRating(fwi: number): number {
  return 0.0272 * fwi ** 1.77;
}

/** How winter precipitation moistens the deep layers. */
export interface Overwintering {
  /** Part of autumn's moisture that is still there in spring: 1 (codes computed until freeze-up), 0.75 (default) or 0.5. */
  readonly carryOver: number;
  /** Part of winter's precipitation that gets in: 0.9 (boggy), 0.75 (default) or 0.5 (well drained, early frost). */
  readonly wetting: number;
}

/**
 * Drought code in spring, after a winter; not below `least`.
 *
 * @param autumn - Drought code of the last day of the season before.
 * @param precipitation - mm, of the winter.
 * @see C. E. Van Wagner, "Drought, timelag and fire danger rating" (1985); B. D. Lawson and O. B. Armitage, "Weather guide for the
 *   Canadian Forest Fire Danger Rating System" (2008), table 9; `wDC` of cffdrs.
 */
export function overwinteredDroughtCode(
  autumn: number,
  precipitation: number,
  { carryOver, wetting, least }: Overwintering & { readonly least: number },
): number {
  const moisture = carryOver * 800 * Math.exp(-autumn / 400) + wetting * 3.94 * precipitation;
  return Math.max(least, 400 * Math.log(800 / moisture));
}
