import type { Group } from "../group.js";
import type { Vocabulary } from "../vocabulary.js";

export const hashes: Group = {
  name: "hashes",
  phrases: [
    [6, (w) => ["HSET", w.hashKey(), ...w.several(3, () => [w.field(), w.value()])]],
    [1, (w) => ["HMSET", w.hashKey(), ...w.several(3, () => [w.field(), w.value()])]],
    [0.5, (w) => ["HSET", "h1", ...manyFields(w)]],
    [2, (w) => ["HSETNX", w.hashKey(), w.field(), w.value()]],
    [4, (w) => ["HGET", w.hashKey(), w.field()]],
    [2, (w) => ["HMGET", w.hashKey(), ...w.several(4, () => [w.field()])]],
    [2, (w) => ["HGETALL", w.hashKey()]],
    [1, (w) => ["HKEYS", w.hashKey()]],
    [1, (w) => ["HVALS", w.hashKey()]],
    [4, (w) => ["HDEL", w.hashKey(), ...w.several(4, () => [w.field()])]],
    [2, (w) => ["HLEN", w.hashKey()]],
    [2, (w) => ["HEXISTS", w.hashKey(), w.field()]],
    [2, (w) => ["HSTRLEN", w.hashKey(), w.field()]],
    [2, (w) => ["HINCRBY", w.hashKey(), w.field(), w.integer()]],
    [2, (w) => ["HINCRBYFLOAT", w.hashKey(), w.field(), w.decimal()]],
    [2, (w) => ["HRANDFIELD", w.hashKey(), ...randomFieldOptions(w)]],
    [1, (w) => ["HSCAN", w.hashKey(), "0", ...hscanOptions(w)]],
    [1, (w) => ["DEL", w.hashKey()]],
    [1, (w) => ["EXPIRE", w.hashKey(), w.duration("seconds")]],
    [1, (w) => ["TTL", w.hashKey()]],
    [1, (w) => ["COPY", w.hashKey(), w.hashKey(), "REPLACE"]],
    [0.5, (w) => ["OBJECT", "ENCODING", w.hashKey()]],
  ],
};

/** Enough to turn a packed hash into a large one. */
function manyFields(w: Vocabulary): string[] {
  const count = 100 + w.random.below(500);
  return Array.from({ length: count }, (_, i) => [`f${i}`, `v${i}`]).flat();
}

/** No huge negative count: Redis would honour it and reply without end. */
function randomFieldOptions(w: Vocabulary): string[] {
  if (w.random.chance(0.3)) return [];
  const count = w.random.pick([
    "0",
    "1",
    "2",
    "5",
    "1000",
    "9223372036854775807",
    "-1",
    "-3",
    "-20",
    "abc",
    "1.5",
    "",
  ]);
  return w.random.chance(0.4) ? [count, w.token("WITHVALUES")] : [count];
}

function hscanOptions(w: Vocabulary): string[] {
  return w.some(0.3, [
    () => [w.token("MATCH"), w.pattern()],
    () => [w.token("COUNT"), w.random.pick(["1", "2", "10", "1000", "0", "-1", "abc"])],
  ]);
}
