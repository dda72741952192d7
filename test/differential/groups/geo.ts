import type { Group } from "../group.js";
import type { Vocabulary } from "../vocabulary.js";

export const geo: Group = {
  name: "geo",
  phrases: [
    [10, (w) => ["GEOADD", key(w), ...addOptions(w), ...w.several(4, () => [...place(w), member(w)])]],
    [1, (w) => ["GEOADD", key(w), ...many(w)]],
    [1, (w) => ["GEOADD", key(w), ...w.several(4, () => [member(w)])]],
    // What is no geohash is read as one all the same.
    [0.5, (w) => ["ZADD", key(w), w.score(), member(w)]],
    [2, (w) => ["ZREM", key(w), member(w)]],
    [1, (w) => ["ZRANGE", key(w), "0", "-1", ...w.some(0.3, [() => ["WITHSCORES"]])]],
    [3, (w) => ["GEODIST", key(w), member(w), member(w), ...(w.random.chance(0.5) ? [unit(w)] : [])]],
    [2, (w) => ["GEOHASH", key(w), ...w.several(3, () => [member(w)])]],
    [2, (w) => ["GEOPOS", key(w), ...w.several(3, () => [member(w)])]],
    [10, (w) => ["GEOSEARCH", key(w), ...from(w), ...by(w), ...options(w)]],
    [3, (w) => ["GEOSEARCHSTORE", key(w), key(w), ...from(w), ...by(w), ...options(w)]],
    [0.5, (w) => ["GEOSEARCHSTORE", "far", key(w), ...from(w), ...by(w), "STOREDIST"]],
    [
      3,
      (w) => [
        w.random.pick(["GEORADIUS", "GEORADIUS_RO"]),
        key(w),
        ...place(w),
        size(w),
        unit(w),
        ...options(w),
      ],
    ],
    [
      3,
      (w) => [
        w.random.pick(["GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER_RO"]),
        key(w),
        member(w),
        size(w),
        unit(w),
        ...options(w),
      ],
    ],
    [
      2,
      (w) => [
        "GEORADIUS",
        key(w),
        ...place(w),
        size(w),
        unit(w),
        w.random.pick(["STORE", "storedist"]),
        "far",
      ],
    ],
    [0.5, () => ["ZCARD", "far"]],
    [1, (w) => ["DEL", key(w)]],
    [0.5, (w) => ["SET", key(w), "x"]],
    [0.5, (w) => ["CONFIG", "SET", "zset-max-listpack-entries", w.random.pick(["0", "3", "128"])]],
  ],
};

function key(w: Vocabulary): string {
  return w.random.pick(["p1", "p2", "p3"]);
}

function member(w: Vocabulary): string {
  return w.random.chance(0.95) ? `n${w.random.below(10)}` : w.random.pick(["", "\xff\x00", "store"]);
}

/** Anywhere, close together, at the ends of the map, on the lines between its cells, or beyond. */
function place(w: Vocabulary): string[] {
  const { random } = w;
  return w.weighted<() => string[]>([
    [6, () => [degrees(w, 180), degrees(w, 85)]],
    [6, () => [(13 + random.float()).toFixed(6), (38 + random.float()).toFixed(6)]],
    [3, () => [random.pick(["180", "-180", "179.9999", "0", "-90"]), degrees(w, 85)]],
    [
      3,
      () => [
        degrees(w, 180),
        random.pick(["85.05112878", "-85.05112878", "85", "-84.9", "0", "66.1", "-81"]),
      ],
    ],
    [1, () => [random.pick(["180.1", "inf", "nan", "x", "", "1e300", "-200.0078125"]), degrees(w, 85)]],
    [0.5, () => [degrees(w, 180), random.pick(["86", "-inf", "abc", "85.05112879"])]],
  ])();
}

function degrees(w: Vocabulary, most: number): string {
  return ((w.random.float() * 2 - 1) * most).toFixed(w.random.below(8));
}

/** So many in a small area that a search reads several cells. */
function many(w: Vocabulary): string[] {
  const [x, y] = [w.random.float() * 300 - 150, w.random.float() * 150 - 75];
  return Array.from({ length: 20 + w.random.below(150) }, (_, i) => [
    (x + w.random.float() * 2).toFixed(5),
    (y + w.random.float() * 2).toFixed(5),
    `n${i}`,
  ]).flat();
}

function addOptions(w: Vocabulary): string[] {
  return w.some(
    0.15,
    ["NX", "XX", "CH"].map((word) => () => [w.token(word)]),
  );
}

function unit(w: Vocabulary): string {
  return w.random.chance(0.95)
    ? w.random.pick(["m", "km", "KM", "ft", "mi"])
    : w.random.pick(["", "cm", "x"]);
}

function size(w: Vocabulary): string {
  return w.weighted<() => string>([
    [10, () => String(10 ** w.random.below(8))],
    [5, () => (w.random.float() * 3000).toFixed(3)],
    [1, () => w.random.pick(["0", "0.5", "1e-9", "inf", "20000000"])],
    [0.5, () => w.random.pick(["-1", "abc", "", "nan"])],
  ])();
}

function from(w: Vocabulary): string[] {
  return w.weighted<() => string[]>([
    [5, () => [w.token("FROMMEMBER"), member(w)]],
    [5, () => [w.token("FROMLONLAT"), ...place(w)]],
    [0.3, () => []],
    [0.3, () => ["FROMLONLAT", ...place(w), "FROMMEMBER", member(w)]],
  ])();
}

function by(w: Vocabulary): string[] {
  return w.weighted<() => string[]>([
    [5, () => [w.token("BYRADIUS"), size(w), unit(w)]],
    [5, () => [w.token("BYBOX"), size(w), size(w), unit(w)]],
    [0.3, () => []],
    [0.3, () => ["BYBOX", size(w), size(w), unit(w), "BYRADIUS", size(w), unit(w)]],
  ])();
}

/** Which of equally far ones are left out by COUNT is chance in Redis: orders and counts are asked for where places are told apart. */
function options(w: Vocabulary): string[] {
  return w.some(0.3, [
    () => [w.token("WITHCOORD")],
    () => [w.token("WITHDIST")],
    () => [w.token("WITHHASH")],
    () => [w.random.pick(["ASC", "desc"])],
    () => [w.token("COUNT"), w.random.pick(["1", "2", "5", "100", "0", "-1", "abc"])],
    () => (w.random.chance(0.3) ? [w.token("ANY")] : []),
  ]);
}
