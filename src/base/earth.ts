/** Distances on the earth, taken as a sphere, in meters; and which cells of the map may hold what is near a place. */
import { areaOf, type Cell, cellOf, type MapBounds, neighbor, type Place, STEPS_MAX } from "./geohash.js";

/** Redis's, so that its distances come out: the sphere's radius, and half of the equator on the map of Web Mercator. */
const EARTH_RADIUS_METERS = 6372797.560856;
const MERCATOR_MAX_METERS = 20037726.37;
const DEGREE = Math.PI / 180;
/** Beyond these latitudes cells are narrower than they are at the equator: by half, and by half again. */
const NARROW_LATITUDE = 66;
const NARROWER_LATITUDE = 80;

/** What is searched around a place. */
export type Shape =
  | { readonly kind: "circle"; readonly radiusMeters: number }
  | { readonly kind: "box"; readonly widthMeters: number; readonly heightMeters: number };

/** Along a great circle, by the haversine formula. */
export function distance(one: Place, other: Place): number {
  const v = Math.sin(((other.longitude - one.longitude) * DEGREE) / 2);
  if (v === 0) return latitudeDistance(one, other);
  const [south, north] = [one.latitude * DEGREE, other.latitude * DEGREE];
  const u = Math.sin((north - south) / 2);
  const a = u * u + Math.cos(south) * Math.cos(north) * v * v;
  return 2 * EARTH_RADIUS_METERS * Math.asin(Math.sqrt(a));
}

function latitudeDistance(one: Place, other: Place): number {
  return EARTH_RADIUS_METERS * Math.abs(other.latitude * DEGREE - one.latitude * DEGREE);
}

/** How far a place is from the center of a shape; undefined if it is not in it. */
export function distanceWithin(shape: Shape, center: Place, place: Place): number | undefined {
  if (shape.kind === "box") {
    if (latitudeDistance(center, place) > shape.heightMeters / 2) return undefined;
    const beside = { longitude: center.longitude, latitude: place.latitude };
    if (distance(place, beside) > shape.widthMeters / 2) return undefined;
    return distance(center, place);
  }
  const found = distance(center, place);
  return found > shape.radiusMeters ? undefined : found;
}

/**
 * The cells in which everything lies that a shape around a place may hold: that of the place, and those around it, as far as the shape
 * reaches into them. The order is Redis's, which shows in what is not sorted.
 */
export function cellsAround(shape: Shape, center: Place): Cell[] {
  const reach = reachOf(shape, center);
  let steps = stepsFor(outerRadius(shape), center.latitude);
  let middle = cellOf(center, steps);
  if (steps > 1 && isTooSmall(middle, reach)) middle = cellOf(center, --steps);
  const area = areaOf(middle);
  const isLarge = steps < 2;
  const [north, south] = [
    isLarge || area.latitude.max <= reach.latitude.max,
    isLarge || area.latitude.min >= reach.latitude.min,
  ];
  const [east, west] = [
    isLarge || area.longitude.max <= reach.longitude.max,
    isLarge || area.longitude.min >= reach.longitude.min,
  ];
  const around: Cell[] = [middle];
  if (north) around.push(neighbor(middle, 1, 0));
  if (south) around.push(neighbor(middle, -1, 0));
  if (east) around.push(neighbor(middle, 0, 1));
  if (west) around.push(neighbor(middle, 0, -1));
  if (north && east) around.push(neighbor(middle, 1, 1));
  if (north && west) around.push(neighbor(middle, 1, -1));
  if (south && east) around.push(neighbor(middle, -1, 1));
  if (south && west) around.push(neighbor(middle, -1, -1));
  return around;
}

/** Whether the cells around one do not cover all that a shape reaches. */
function isTooSmall(middle: Cell, reach: MapBounds): boolean {
  return (
    areaOf(neighbor(middle, 1, 0)).latitude.max < reach.latitude.max ||
    areaOf(neighbor(middle, -1, 0)).latitude.min > reach.latitude.min ||
    areaOf(neighbor(middle, 0, 1)).longitude.max < reach.longitude.max ||
    areaOf(neighbor(middle, 0, -1)).longitude.min > reach.longitude.min
  );
}

function outerRadius(shape: Shape): number {
  if (shape.kind === "circle") return shape.radiusMeters;
  const [width, height] = [shape.widthMeters / 2, shape.heightMeters / 2];
  return Math.sqrt(width * width + height * height);
}

/** How often to divide the map so that a cell and those around it hold what is so near. */
function stepsFor(radiusMeters: number, latitude: number): number {
  if (radiusMeters === 0) return STEPS_MAX;
  let steps = -1;
  for (let meters = radiusMeters; meters < MERCATOR_MAX_METERS; meters *= 2) steps++;
  if (Math.abs(latitude) > NARROW_LATITUDE) steps--;
  if (Math.abs(latitude) > NARROWER_LATITUDE) steps--;
  return Math.max(1, Math.min(STEPS_MAX, steps));
}

/** The rectangle of the map around a shape, which may go beyond the map. */
function reachOf(shape: Shape, { longitude, latitude }: Place): MapBounds {
  const [widthMeters, heightMeters] =
    shape.kind === "circle"
      ? [shape.radiusMeters, shape.radiusMeters]
      : [shape.widthMeters / 2, shape.heightMeters / 2];
  const high = heightMeters / EARTH_RADIUS_METERS / DEGREE;
  // Degrees of longitude are shortest at the end that is nearer to a pole.
  const nearerToPole = latitude < 0 ? latitude - high : latitude + high;
  const wide = widthMeters / EARTH_RADIUS_METERS / Math.cos(nearerToPole * DEGREE) / DEGREE;
  return {
    longitude: { min: longitude - wide, max: longitude + wide },
    latitude: { min: latitude - high, max: latitude + high },
  };
}
