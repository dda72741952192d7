import type { Group } from "../group.js";
import type { Vocabulary } from "../vocabulary.js";

export const sets: Group = {
  name: "sets",
  phrases: [
    [8, (w) => ["SADD", w.setKey(), ...w.several(4, () => [w.member()])]],
    [0.5, (w) => ["SADD", w.setKey(), ...manyIntegers(w)]],
    [5, (w) => ["SREM", w.setKey(), ...w.several(4, () => [w.member()])]],
    [2, (w) => ["SCARD", w.setKey()]],
    [3, (w) => ["SISMEMBER", w.setKey(), w.member()]],
    [2, (w) => ["SMISMEMBER", w.setKey(), ...w.several(4, () => [w.member()])]],
    [3, (w) => ["SMEMBERS", w.setKey()]],
    [1, (w) => ["SPOP", "absent", ...popCount(w)]],
    [2, (w) => ["SRANDMEMBER", w.setKey(), ...randomCount(w)]],
    [4, (w) => ["SMOVE", w.setKey(), w.setKey(), w.member()]],
    [2, (w) => ["SINTER", ...w.several(3, () => [w.setKey()])]],
    [2, (w) => ["SUNION", ...w.several(3, () => [w.setKey()])]],
    [2, (w) => ["SDIFF", ...w.several(3, () => [w.setKey()])]],
    [2, (w) => ["SINTERSTORE", w.setKey(), ...w.several(3, () => [w.setKey()])]],
    [2, (w) => ["SUNIONSTORE", w.setKey(), ...w.several(3, () => [w.setKey()])]],
    [2, (w) => ["SDIFFSTORE", w.setKey(), ...w.several(3, () => [w.setKey()])]],
    [2, (w) => ["SINTERCARD", keyCount(w), ...w.several(3, () => [w.setKey()]), ...limit(w)]],
    [1, (w) => ["SSCAN", w.setKey(), "0", ...scanOptions(w)]],
    [2, (w) => ["OBJECT", "ENCODING", w.setKey()]],
    [1, (w) => ["TYPE", w.setKey()]],
    [1, (w) => ["DEL", w.setKey()]],
    [1, (w) => ["SET", w.setKey(), w.value()]],
    [1, (w) => ["EXPIRE", w.setKey(), w.duration("seconds")]],
    [1, (w) => ["TTL", w.setKey()]],
    [1, (w) => ["COPY", w.setKey(), w.setKey(), "REPLACE"]],
    [1, (w) => ["RENAME", w.setKey(), w.setKey()]],
    [0.5, (w) => ["CONFIG", "SET", "set-max-intset-entries", w.random.pick(["0", "3", "512"])]],
  ],
};

/** Enough to turn a set of integers into a large one. */
function manyIntegers(w: Vocabulary): string[] {
  const count = 100 + w.random.below(500);
  return Array.from({ length: count }, (_, i) => String(i * 7 - 1000));
}

/** Of nothing: what is popped of several members is chance, and then the servers would have different sets. */
function popCount(w: Vocabulary): string[] {
  return w.random.chance(0.3)
    ? []
    : [w.random.pick(["0", "3", "9223372036854775807", "-1", "abc", "1.5", ""])];
}

/** No huge negative count: Redis would honour it and reply without end. */
function randomCount(w: Vocabulary): string[] {
  const counts = [
    "0",
    "1",
    "2",
    "1000",
    "9223372036854775807",
    "-9223372036854775808",
    "-1",
    "-20",
    "abc",
    "",
  ];
  return w.random.chance(0.3) ? [] : [w.random.pick(counts)];
}

function keyCount(w: Vocabulary): string {
  return w.random.pick(["1", "1", "2", "2", "3", "0", "-1", "abc", "100"]);
}

function limit(w: Vocabulary): string[] {
  if (w.random.chance(0.6)) return [];
  return [w.token("LIMIT"), w.random.pick(["0", "1", "3", "-1", "abc", "9223372036854775807"])];
}

function scanOptions(w: Vocabulary): string[] {
  return w.some(0.3, [
    () => [w.token("MATCH"), w.pattern()],
    () => [w.token("COUNT"), w.random.pick(["1", "2", "10", "1000", "0", "-1", "abc"])],
  ]);
}
