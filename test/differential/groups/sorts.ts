import type { Group } from "../group.js";
import type { Vocabulary } from "../vocabulary.js";

export const sorts: Group = {
  name: "sorts",
  phrases: [
    [4, (w) => ["RPUSH", listKey(w), ...w.several(8, () => [element(w)])]],
    [1, (w) => ["LPUSH", listKey(w), ...w.several(8, () => [word(w)])]],
    [3, (w) => ["SADD", "set", ...w.several(6, () => [String(w.random.below(30))])]],
    [
      3,
      (w) => ["ZADD", "zset", ...w.several(4, () => [String(w.random.below(8)), String(w.random.below(30))])],
    ],
    [1, (w) => ["DEL", listKey(w)]],
    [3, (w) => ["SET", `w_${w.random.below(12)}`, element(w)]],
    [1, (w) => ["DEL", `w_${w.random.below(12)}`]],
    [3, (w) => ["HSET", `o_${w.random.below(12)}`, "f", element(w), "->", word(w)]],
    [12, (w) => ["SORT", listKey(w), ...options(w)]],
    [4, (w) => ["SORT", "set", ...ordered(w)]],
    [4, (w) => ["SORT", "zset", ...options(w)]],
    [2, (w) => ["SORT_RO", listKey(w), ...options(w)]],
    [4, (w) => ["SORT", listKey(w), ...unlimited(w)]],
    [1, (w) => ["SORT", w.key(), ...options(w)]],
    [4, (w) => ["SORT", listKey(w), ...options(w), w.token("STORE"), w.random.pick(["d1", "d2", "l1"])]],
    [3, (w) => ["LRANGE", w.random.pick(["d1", "d2", "l1"]), "0", "-1"]],
    [1, (w) => ["EXPIRE", "d1", w.duration("seconds")]],
    [1, () => ["TTL", "d1"]],
    [1, (w) => ["TYPE", w.random.pick(["d1", "d2"])]],
  ],
};

/** Members of a set are in any order unless they are put in one. */
function ordered(w: Vocabulary): string[] {
  return w.random.pick([
    [],
    ["DESC"],
    ["ALPHA"],
    ["ALPHA", "desc"],
    ["LIMIT", "1", "3"],
    ["GET", "#", "GET", "w_*"],
  ]);
}

function listKey(w: Vocabulary): string {
  return w.random.pick(["l1", "l2", "l3"]);
}

/** Numbers mostly, as C reads them, few of which are the same. */
function element(w: Vocabulary): string {
  return w.weighted<() => string>([
    [20, () => String(w.random.below(12))],
    [2, () => w.integer()],
    [
      1,
      () =>
        w.random.pick([
          " 3",
          "0x1F",
          "0x1.8p1",

          "inf",
          "-Infinity",
          "",
          ".5",
          "5.",
          "+7",
          "1 ",
        ]),
    ],
  ])();
}

function word(w: Vocabulary): string {
  return w.random.pick(["b", "a", "B", "aa", "ab", "Z", "1", "10", "2"]);
}

/**
 * What is compared is never all the same for elements that differ, unless nothing is cut off: of equal ones Redis takes any. Out of range are no numbers here, since
 * after the first one it takes others for such, too.
 */
function options(w: Vocabulary): string[] {
  return w.some(0.3, [
    () => [w.token(w.random.pick(["ASC", "DESC", "DESC"]))],
    () => [w.token("LIMIT"), w.index(), w.index()],
    () =>
      w.random.pick([
        [w.token("ALPHA")],
        [w.token("BY"), w.random.pick(["w_*", "o_*->f", "o_*->", "none_*", "*"])],
      ]),
    () => gets(w),
    () => ["NONE"].slice(w.random.chance(0.9) ? 1 : 0),
  ]);
}

/** Without LIMIT equal ones stay as they were. */
function unlimited(w: Vocabulary): string[] {
  return w.some(0.5, [
    () => [w.token("ALPHA")],
    () => [w.token("BY"), w.random.pick(["w_*", "o_*->f", "nosort"])],
    () => [w.token("DESC")],
    () => gets(w),
  ]);
}

function gets(w: Vocabulary): string[] {
  const patterns = ["#", "w_*", "o_*->f", "o_*->->", "none", "*", "o_*"];
  return w.several(3, () => [w.token("GET"), w.random.pick(patterns)]);
}
