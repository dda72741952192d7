import type { Group } from "../group.js";
import type { Vocabulary } from "../vocabulary.js";

export const keys: Group = {
  name: "keys",
  phrases: [
    [3, (w) => ["SET", w.anyKey(), w.value()]],
    [3, (w) => ["HSET", w.anyKey(), w.field(), w.value()]],
    [2, (w) => ["DEL", ...w.several(3, () => [w.anyKey()])]],
    [1, (w) => ["UNLINK", ...w.several(3, () => [w.anyKey()])]],
    [2, (w) => ["EXISTS", ...w.several(4, () => [w.anyKey()])]],
    [1, (w) => ["TOUCH", ...w.several(4, () => [w.anyKey()])]],
    [3, (w) => ["TYPE", w.anyKey()]],
    [3, (w) => ["RENAME", w.anyKey(), w.anyKey()]],
    [2, (w) => ["RENAMENX", w.anyKey(), w.anyKey()]],
    [4, (w) => ["COPY", w.anyKey(), w.anyKey(), ...copyOptions(w)]],
    [3, (w) => ["MOVE", w.anyKey(), w.database()]],
    [2, (w) => ["KEYS", w.pattern()]],
    [2, (w) => ["SCAN", "0", ...scanOptions(w)]],
    [1, (w) => ["SCAN", w.random.pick(["abc", "-1", "0", "", "18446744073709551616"]), "COUNT", "1000"]],
    [1, () => ["RANDOMKEY"]],
    [2, () => ["DBSIZE"]],
    [2, (w) => ["SELECT", w.database()]],
    [0.3, (w) => ["FLUSHDB", ...w.some(0.3, [() => [w.token("ASYNC")], () => [w.token("SYNC")]])]],
    [0.2, (w) => ["FLUSHALL", ...w.some(0.3, [() => [w.token("ASYNC")], () => [w.token("SYNC")]])]],
    [1, (w) => ["SWAPDB", w.database(), w.database()]],
    [2, (w) => ["OBJECT", w.token("ENCODING"), w.anyKey()]],
    [1, (w) => ["OBJECT", w.random.pick(["REFCOUNT", "IDLETIME", "FREQ", "BOGUS"]), w.anyKey()]],
    [1, (w) => ["EXPIRE", w.anyKey(), w.duration("seconds")]],
    [1, (w) => ["TTL", w.anyKey()]],
    [1, (w) => ["GET", w.anyKey()]],
    [1, (w) => ["HGETALL", w.anyKey()]],
    [0.5, (w) => ["MEMORY", "USAGE", w.anyKey()]],
  ],
};

function copyOptions(w: Vocabulary): string[] {
  return w.some(0.3, [() => [w.token("REPLACE")], () => [w.token("DB"), w.database()]]);
}

function scanOptions(w: Vocabulary): string[] {
  return w.some(0.4, [
    () => [w.token("MATCH"), w.pattern()],
    () => [w.token("COUNT"), w.random.pick(["1", "3", "10", "1000", "0", "-1", "abc"])],
    () => [w.token("TYPE"), w.random.pick(["string", "hash", "HASH", "list", "bogus"])],
  ]);
}
