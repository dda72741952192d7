import type { Group } from "../group.js";
import type { Vocabulary } from "../vocabulary.js";

export const expiry: Group = {
  name: "expiry",
  phrases: [
    [4, (w) => ["EXPIRE", w.anyKey(), w.duration("seconds"), ...conditions(w)]],
    [4, (w) => ["PEXPIRE", w.anyKey(), w.duration("milliseconds"), ...conditions(w)]],
    [4, (w) => ["EXPIREAT", w.anyKey(), w.deadline("seconds"), ...conditions(w)]],
    [4, (w) => ["PEXPIREAT", w.anyKey(), w.deadline("milliseconds"), ...conditions(w)]],
    [2, (w) => ["TTL", w.anyKey()]],
    [2, (w) => ["PTTL", w.anyKey()]],
    [2, (w) => ["EXPIRETIME", w.anyKey()]],
    [2, (w) => ["PEXPIRETIME", w.anyKey()]],
    [2, (w) => ["PERSIST", w.anyKey()]],
    [4, (w) => ["SET", w.anyKey(), w.value()]],
    [1, (w) => ["SET", w.anyKey(), w.value(), "KEEPTTL"]],
    [1, (w) => ["SET", w.anyKey(), w.value(), "EX", w.duration("seconds")]],
    [2, (w) => ["HSET", w.anyKey(), w.field(), w.value()]],
    [1, (w) => ["RENAME", w.anyKey(), w.anyKey()]],
    [1, (w) => ["COPY", w.anyKey(), w.anyKey(), "REPLACE"]],
    [1, (w) => ["GETEX", w.anyKey(), "PERSIST"]],
    [1, (w) => ["APPEND", w.anyKey(), "x"]],
    [1, (w) => ["INCR", w.anyKey()]],
    [1, (w) => ["EXISTS", w.anyKey()]],
    [1, (w) => ["KEYS", w.pattern()]],
    [1, () => ["DBSIZE"]],
  ],
};

function conditions(w: Vocabulary): string[] {
  return w.some(0.2, [
    () => [w.token("NX")],
    () => [w.token("XX")],
    () => [w.token("GT")],
    () => [w.token("LT")],
  ]);
}
