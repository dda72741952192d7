import type { Group } from "../group.js";
import type { Vocabulary } from "../vocabulary.js";

export const sortedSets: Group = {
  name: "sorted-sets",
  // Ranges of members mean something as long as all have one score.
  isSpared: ([name, key]) => name === "ZADD" && key === "lex",
  phrases: [
    [10, (w) => ["ZADD", w.sortedSetKey(), ...addOptions(w), ...w.several(4, () => [w.score(), member(w)])]],
    [0.5, (w) => ["ZADD", w.sortedSetKey(), ...manyPairs(w)]],
    [1, (w) => ["ZADD", w.sortedSetKey(), ...w.several(4, () => [member(w)])]],
    [4, (w) => ["ZINCRBY", w.sortedSetKey(), w.score(), member(w)]],
    [4, (w) => ["ZREM", w.sortedSetKey(), ...w.several(4, () => [member(w)])]],
    [1, (w) => ["ZCARD", w.sortedSetKey()]],
    [2, (w) => ["ZSCORE", w.sortedSetKey(), member(w)]],
    [1, (w) => ["ZMSCORE", w.sortedSetKey(), ...w.several(4, () => [member(w)])]],
    [2, (w) => [w.random.pick(["ZRANK", "ZREVRANK"]), w.sortedSetKey(), member(w)]],
    [3, (w) => ["ZCOUNT", w.sortedSetKey(), bound(w), bound(w)]],
    [2, (w) => ["ZRANGE", w.sortedSetKey(), w.index(), w.index(), ...rangeOptions(w)]],
    [3, (w) => ["ZRANGE", w.sortedSetKey(), bound(w), bound(w), w.token("BYSCORE"), ...rangeOptions(w)]],
    [1, (w) => ["ZREVRANGE", w.sortedSetKey(), w.index(), w.index(), ...rangeOptions(w)]],
    [1, (w) => ["ZRANGEBYSCORE", w.sortedSetKey(), bound(w), bound(w), ...rangeOptions(w)]],
    [1, (w) => ["ZREVRANGEBYSCORE", w.sortedSetKey(), bound(w), bound(w), ...rangeOptions(w)]],
    [1, (w) => ["ZRANGESTORE", w.sortedSetKey(), w.sortedSetKey(), w.index(), w.index(), ...rangeOptions(w)]],
    [
      1,
      (w) => ["ZRANGESTORE", w.sortedSetKey(), w.sortedSetKey(), bound(w), bound(w), "BYSCORE", ...limit(w)],
    ],
    [1, (w) => ["ZREMRANGEBYRANK", w.sortedSetKey(), w.index(), w.index()]],
    [1, (w) => ["ZREMRANGEBYSCORE", w.sortedSetKey(), bound(w), bound(w)]],
    // Members of one score, of which alone ranges of members say something.
    [3, (w) => ["ZADD", "lex", "0", lexMember(w)]],
    [1, (w) => ["ZREM", "lex", lexMember(w)]],
    [2, (w) => ["ZLEXCOUNT", "lex", lexBound(w), lexBound(w)]],
    [2, (w) => ["ZRANGE", "lex", lexBound(w), lexBound(w), w.token("BYLEX"), ...rangeOptions(w)]],
    [1, (w) => ["ZRANGEBYLEX", "lex", lexBound(w), lexBound(w), ...limit(w)]],
    [1, (w) => ["ZREVRANGEBYLEX", "lex", lexBound(w), lexBound(w), ...limit(w)]],
    [0.5, (w) => ["ZREMRANGEBYLEX", "lex", lexBound(w), lexBound(w)]],
    [2, (w) => [w.random.pick(["ZPOPMIN", "ZPOPMAX"]), w.sortedSetKey(), ...popCount(w)]],
    [2, (w) => ["ZMPOP", keyCount(w), ...keys(w), w.random.pick(["MIN", "max", "mid"]), ...popOptions(w)]],
    [2, (w) => ["ZRANDMEMBER", "one", ...randomCount(w)]],
    [0.5, (w) => ["ZADD", "one", w.score(), "only"]],
    [2, (w) => [w.random.pick(["ZUNION", "ZINTER", "ZDIFF"]), keyCount(w), ...keys(w), ...operation(w)]],
    [
      2,
      (w) => [
        w.random.pick(["ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE"]),
        w.sortedSetKey(),
        keyCount(w),
        ...keys(w),
        ...operation(w),
      ],
    ],
    [2, (w) => ["ZINTERCARD", keyCount(w), ...keys(w), ...cardLimit(w)]],
    [1, (w) => ["ZSCAN", w.sortedSetKey(), "0", ...scanOptions(w)]],
    [2, (w) => ["OBJECT", "ENCODING", w.sortedSetKey()]],
    [1, (w) => ["TYPE", w.sortedSetKey()]],
    [1, (w) => ["DEL", w.sortedSetKey()]],
    [1, (w) => ["SADD", "m1", ...w.several(3, () => [member(w)])]],
    [1, (w) => ["SET", w.sortedSetKey(), w.value()]],
    [1, (w) => ["EXPIRE", w.sortedSetKey(), w.duration("seconds")]],
    [1, (w) => ["COPY", w.sortedSetKey(), w.sortedSetKey(), "REPLACE"]],
    [1, (w) => ["RENAME", w.sortedSetKey(), w.sortedSetKey()]],
    [0.5, (w) => ["CONFIG", "SET", "zset-max-listpack-entries", w.random.pick(["0", "3", "128"])]],
  ],
};

function member(w: Vocabulary): string {
  return w.random.chance(0.95)
    ? `n${w.random.below(10)}`
    : w.random.pick(["", "n\r\n\x00", "\xff".repeat(70), "7", "abc"]);
}

function lexMember(w: Vocabulary): string {
  return w.random.pick(["", "a", "aa", "ab", "b", "c", "\x00", "\xff", "\xff\xff"]);
}

function lexBound(w: Vocabulary): string {
  return w.random.chance(0.25)
    ? w.random.pick(["-", "+", "-", "+", "a", "", "++", "(", "["])
    : w.random.pick(["[", "("]) + lexMember(w);
}

/** Redis takes what begins with spaces, or is nothing, for a number here. */
function bound(w: Vocabulary): string {
  const score = w.random.chance(0.95) ? w.score() : w.random.pick(["  2", "", "1\x00x", "1e999", "((1"]);
  return w.random.chance(0.3) ? `(${score}` : score;
}

function addOptions(w: Vocabulary): string[] {
  return w.some(
    0.15,
    ["NX", "XX", "GT", "LT", "CH", "INCR"].map((word) => () => [w.token(word)]),
  );
}

/** Enough to turn a sorted set into a large one. */
function manyPairs(w: Vocabulary): string[] {
  const step = 1 + w.random.below(5);
  return Array.from({ length: 100 + w.random.below(200) }, (_, i) => [
    String((i * 7) % step),
    `n${i}`,
  ]).flat();
}

function rangeOptions(w: Vocabulary): string[] {
  return w.some(0.3, [
    () => [w.token("REV")],
    () => [w.token("WITHSCORES")],
    () => limit(w),
    () => (w.random.chance(0.1) ? [w.token("BYLEX")] : []),
  ]);
}

function limit(w: Vocabulary): string[] {
  if (w.random.chance(0.4)) return [];
  const offset = w.random.pick(["0", "0", "1", "2", "100", "-1", "abc"]);
  return [w.token("LIMIT"), offset, w.random.pick(["-1", "0", "1", "3", "100", "-5", "1.5"])];
}

function keys(w: Vocabulary): string[] {
  return w.several(3, () => [w.random.chance(0.85) ? w.sortedSetKey() : "m1"]);
}

function keyCount(w: Vocabulary): string {
  return w.random.pick(["1", "1", "2", "2", "3", "0", "-1", "abc", "100"]);
}

function operation(w: Vocabulary): string[] {
  return w.some(0.3, [
    () => [w.token("WEIGHTS"), ...w.several(3, () => [w.score()])],
    () => [w.token("AGGREGATE"), w.random.pick(["SUM", "MIN", "max", "avg"])],
    () => [w.token("WITHSCORES")],
  ]);
}

function popCount(w: Vocabulary): string[] {
  return w.random.chance(0.5) ? [] : [w.random.pick(["0", "1", "3", "1000", "-1", "abc", "1.5", ""])];
}

function popOptions(w: Vocabulary): string[] {
  return w.random.chance(0.5) ? [] : [w.token("COUNT"), w.random.pick(["1", "2", "100", "0", "-1", "abc"])];
}

function cardLimit(w: Vocabulary): string[] {
  if (w.random.chance(0.6)) return [];
  return [w.token("LIMIT"), w.random.pick(["0", "1", "3", "-1", "abc", "9223372036854775807"])];
}

/** Of a set with one member, or none: what is drawn of more is chance. */
function randomCount(w: Vocabulary): string[] {
  if (w.random.chance(0.3)) return [];
  const count = w.random.pick(["0", "1", "5", "-3", "-9223372036854775808", "9223372036854775807", "abc"]);
  return [count, ...(w.random.chance(0.4) ? [w.random.pick(["WITHSCORES", "withscores", "scores"])] : [])];
}

function scanOptions(w: Vocabulary): string[] {
  return w.some(0.3, [
    () => [w.token("MATCH"), w.random.pick(["*", "n*", "n[1-5]", "x"])],
    () => [w.token("COUNT"), w.random.pick(["1", "10", "1000", "0", "-1", "abc"])],
  ]);
}
