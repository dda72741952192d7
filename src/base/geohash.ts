/**
 * Geohashes: a place on the earth as one number, whose leading bits are those of all places near it (Niemeyer 2008; here with the bits
 * of the latitude first, and latitudes as far as the square map of Web Mercator goes, as Redis keeps places).
 *
 *     hash := bits of latitude and longitude in turn, the longitude's above: 26 of each, 52 in all, which a double holds exactly
 *
 * The first bits of a hash are a cell: a rectangle of the map. This knows nothing of distances (earth.ts).
 */

export interface Place {
  /** Degrees. */
  readonly longitude: number;
  readonly latitude: number;
}

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** How far the map goes, in degrees. */
export interface MapBounds {
  readonly longitude: Bounds;
  readonly latitude: Bounds;
}

/** Row and column of the map, which is divided so many times: it has 2 ** steps rows, the first one in the south. */
export interface Cell {
  readonly row: number;
  readonly column: number;
  readonly steps: number;
}

export const STEPS_MAX = 26;
/** The map of Web Mercator, EPSG:3857. */
export const MERCATOR: MapBounds = {
  longitude: { min: -180, max: 180 },
  latitude: { min: -85.05112878, max: 85.05112878 },
};
/** That of the geohashes that others write as text. */
const WHOLE_EARTH: MapBounds = { longitude: { min: -180, max: 180 }, latitude: { min: -90, max: 90 } };

const TWO_16 = 2 ** 16;
const TWO_32 = 2 ** 32;
const TWO_63 = 2n ** 63n;
const ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz";
/** Characters of a geohash as text: the last one stands for bits that there are not. */
const TEXT_LENGTH = 11;
const BITS_PER_CHARACTER = 5;

/** The cell of a place on the map. At its northern and eastern end it is one beyond the last. */
export function cellOf({ longitude, latitude }: Place, steps: number, map: MapBounds = MERCATOR): Cell {
  return { row: part(latitude, map.latitude, steps), column: part(longitude, map.longitude, steps), steps };
}

function part(value: number, { min, max }: Bounds, steps: number): number {
  return Math.floor(((value - min) / (max - min)) * 2 ** steps);
}

/** The lowest hash of the places in a cell. The highest is below that of the next cell of `hashesOf` as many. */
export function lowestHash({ row, column, steps }: Cell): number {
  return (spread(row) + 2 * spread(column)) * hashesIn(steps);
}

/** How many hashes a cell holds. */
export function hashesIn(steps: number): number {
  return 2 ** (2 * (STEPS_MAX - steps));
}

export function hashOf(place: Place): number {
  return lowestHash(cellOf(place, STEPS_MAX));
}

/** The cell of a hash. What is no hash, as any score may be, is read as C's conversion to 64 bits reads it on x86-64. */
export function cellOfHash(hash: number): Cell {
  const isUsual = hash >= 0 && hash <= Number.MAX_SAFE_INTEGER;
  const bits = isUsual ? Math.floor(hash) : 0;
  let low = bits % TWO_32;
  let high = Math.floor(bits / TWO_32);
  if (!isUsual) {
    const unusual = toUint64(hash);
    low = Number(unusual % 2n ** 32n);
    high = Number(unusual >> 32n);
  }
  return {
    row: squash(low) + squash(high) * TWO_16,
    column: squash(low >>> 1) + squash(high >>> 1) * TWO_16,
    steps: STEPS_MAX,
  };
}

/** The cell beside another: so many rows and columns further, around the map if it ends there. */
export function neighbor({ row, column, steps }: Cell, rows: number, columns: number): Cell {
  const mask = 2 ** steps - 1;
  return {
    row: rows === 0 ? row : (row + rows) & mask,
    column: columns === 0 ? column : (column + columns) & mask,
    steps,
  };
}

/** What a cell covers of the map. */
export function areaOf({ row, column, steps }: Cell): MapBounds {
  return {
    longitude: boundsOf(column, MERCATOR.longitude, steps),
    latitude: boundsOf(row, MERCATOR.latitude, steps),
  };
}

function boundsOf(index: number, { min, max }: Bounds, steps: number): Bounds {
  const cells = 2 ** steps;
  return {
    min: min + (index / cells) * (max - min),
    max: min + (((index + 1) >>> 0) / cells) * (max - min),
  };
}

/** The place in the middle of the cell of a hash. */
export function placeOf(hash: number): Place {
  const { longitude, latitude } = areaOf(cellOfHash(hash));
  return {
    longitude: middleOf(longitude, MERCATOR.longitude),
    latitude: middleOf(latitude, MERCATOR.latitude),
  };
}

function middleOf({ min, max }: Bounds, map: Bounds): number {
  return Math.max(map.min, Math.min(map.max, (min + max) / 2));
}

/** The text by which others know the place of a hash: base 32, of the whole earth. */
export function geohashText(hash: number): string {
  const bits = lowestHash(cellOf(placeOf(hash), STEPS_MAX, WHOLE_EARTH));
  let text = "";
  for (let i = 1; i < TEXT_LENGTH; i++) {
    const shift = 2 * STEPS_MAX - i * BITS_PER_CHARACTER;
    text += ALPHABET[Math.floor(bits / 2 ** shift) % ALPHABET.length]!;
  }
  return `${text}${ALPHABET[0]!}`;
}

/** Puts a zero above each bit. */
function spread(bits: number): number {
  return spread16(bits % TWO_16) + spread16(Math.floor(bits / TWO_16)) * TWO_32;
}

function spread16(bits: number): number {
  let spread = (bits | (bits << 8)) & 0x00ff00ff;
  spread = (spread | (spread << 4)) & 0x0f0f0f0f;
  spread = (spread | (spread << 2)) & 0x33333333;
  spread = (spread | (spread << 1)) & 0x55555555;
  return spread >>> 0;
}

/** Takes every other bit of 32. */
function squash(bits: number): number {
  let squashed = bits & 0x55555555;
  squashed = (squashed | (squashed >>> 1)) & 0x33333333;
  squashed = (squashed | (squashed >>> 2)) & 0x0f0f0f0f;
  squashed = (squashed | (squashed >>> 4)) & 0x00ff00ff;
  return (squashed | (squashed >>> 8)) & 0xffff;
}

function toUint64(value: number): bigint {
  if (!Number.isFinite(value)) return value > 0 ? 0n : TWO_63;
  const whole = BigInt(Math.trunc(value));
  if (whole >= 2n * TWO_63) return 0n;
  if (whole < -TWO_63) return TWO_63;
  return BigInt.asUintN(64, whole);
}
