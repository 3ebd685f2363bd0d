const DEGREE = Math.PI / 180;
/** Mean radius of the Earth, as of the IUGG: (2a + b) / 3 of WGS 84, in km. */
const EARTH_RADIUS_KM = 6371.0088;

/** A place on the Earth, in degrees north and east. */
export interface Place {
  readonly lat: number;
  readonly lon: number;
}

/** Great-circle distance of two places, in degrees of arc (haversine: exact for small distances, too). */
export function distanceDegrees(a: Place, b: Place): number {
  const half = Math.sin(((b.lat - a.lat) * DEGREE) / 2);
  const across = Math.sin(((b.lon - a.lon) * DEGREE) / 2);
  const h = half * half + Math.cos(a.lat * DEGREE) * Math.cos(b.lat * DEGREE) * across * across;
  return (2 * Math.asin(Math.min(1, Math.sqrt(h)))) / DEGREE;
}

/** Great-circle distance of two places on a sphere of 6371.0088 km. */
export function distanceKm(a: Place, b: Place): number {
  return distanceDegrees(a, b) * DEGREE * EARTH_RADIUS_KM;
}

/** A longitude in [-180, 180). */
export function wrapLongitude(lon: number): number {
  if (lon >= -180 && lon < 180) return lon;
  const turned = (((lon + 180) % 360) + 360) % 360;
  return turned - 180;
}

/** Square of the straight line between two points of the unit sphere that are so many degrees apart. */
export function squaredChord(degrees: number): number {
  return 2 - 2 * Math.cos(Math.min(180, degrees) * DEGREE);
}

/** {@link squaredChord} back to degrees. */
export function chordDegrees(squared: number): number {
  return (2 * Math.asin(Math.min(1, Math.sqrt(squared) / 2))) / DEGREE;
}
