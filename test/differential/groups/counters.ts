import type { Group } from "../group.js";

export const counters: Group = {
  name: "counters",
  phrases: [
    [3, (w) => ["INCR", w.stringKey()]],
    [3, (w) => ["DECR", w.stringKey()]],
    [4, (w) => ["INCRBY", w.stringKey(), w.integer()]],
    [4, (w) => ["DECRBY", w.stringKey(), w.integer()]],
    [5, (w) => ["INCRBYFLOAT", w.stringKey(), w.decimal()]],
    [3, (w) => ["SET", w.stringKey(), w.number()]],
    [3, (w) => ["GET", w.stringKey()]],
    [1, (w) => ["APPEND", w.stringKey(), String(w.random.below(10))]],
    [1, (w) => ["STRLEN", w.stringKey()]],
    [1, (w) => ["SETRANGE", w.stringKey(), "0", String(w.random.below(10))]],
    [1, (w) => ["EXPIRE", w.stringKey(), w.duration("seconds")]],
    [1, (w) => ["TTL", w.stringKey()]],
    [1, (w) => ["DEL", w.stringKey()]],
    [4, (w) => ["HINCRBY", w.hashKey(), w.field(), w.integer()]],
    [4, (w) => ["HINCRBYFLOAT", w.hashKey(), w.field(), w.decimal()]],
    [2, (w) => ["HSET", w.hashKey(), w.field(), w.number()]],
    [1, (w) => ["HGET", w.hashKey(), w.field()]],
  ],
};
