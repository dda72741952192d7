import {
  collectionPayload,
  sortedSetPayload,
  streamPayload,
  textPayload,
} from "../../support/dump-payloads.js";
import type { Group } from "../group.js";
import type { Vocabulary } from "../vocabulary.js";

/** What DUMP answers is not compared: of one value there are many payloads. That Redis takes ours is. */
export const dumps: Group = {
  name: "dumps",
  // Of another key than those that are absent its payload would be compared.
  isSpared: ([name]) => name === "DUMP",
  phrases: [
    [3, (w) => ["RESTORE", w.stringKey(), time(w), textPayload(w.value()), ...options(w)]],
    [3, (w) => ["RESTORE", w.hashKey(), time(w), hashPayload(w), ...options(w)]],
    [3, (w) => ["RESTORE", w.setKey(), time(w), setPayload(w), ...options(w)]],
    [3, (w) => ["RESTORE", w.listKey(), time(w), listPayload(w), ...options(w)]],
    [3, (w) => ["RESTORE", w.sortedSetKey(), time(w), sortedSet(w), ...options(w)]],
    [3, (w) => ["RESTORE", w.streamKey(), time(w), stream(w), ...options(w)]],
    [1, (w) => ["RESTORE", w.anyKey(), time(w), damaged(w), ...options(w)]],
    [2, (w) => ["LRANGE", w.listKey(), "0", "-1"]],
    [1, (w) => ["LPUSH", w.listKey(), w.value()]],
    [1, (w) => ["RPUSH", w.listKey(), w.value()]],
    [1, (w) => ["LPOP", w.listKey()]],
    [2, (w) => ["ZRANGE", w.sortedSetKey(), "0", "-1", "WITHSCORES"]],
    [1, (w) => ["ZADD", w.sortedSetKey(), "1.5", w.member()]],
    [1, (w) => ["ZRANK", w.sortedSetKey(), w.member()]],
    [2, (w) => ["XINFO", "STREAM", w.streamKey(), "FULL"]],
    [1, (w) => ["XINFO", "GROUPS", w.streamKey()]],
    [2, (w) => ["XRANGE", w.streamKey(), "-", "+"]],
    [1, (w) => ["XADD", w.streamKey(), w.newId(), "f", w.member().slice(0, 20)]],
    [1, (w) => ["XDEL", w.streamKey(), w.entryId()]],
    [1, (w) => ["XACK", w.streamKey(), w.group(), w.entryId()]],
    [1, (w) => ["XPENDING", w.streamKey(), w.group()]],
    [1, (w) => ["XREADGROUP", "GROUP", w.group(), w.consumer(), "STREAMS", w.streamKey(), "0"]],
    [0.5, (w) => ["DUMP", w.random.pick(["absent", "absent too"])]],
    [1, (w) => ["GET", w.stringKey()]],
    [1, (w) => ["OBJECT", "ENCODING", w.anyKey()]],
    [1, (w) => ["APPEND", w.stringKey(), w.value()]],
    [2, (w) => ["HGETALL", w.hashKey()]],
    [2, (w) => ["HSET", w.hashKey(), w.field(), w.value()]],
    [1, (w) => ["HDEL", w.hashKey(), w.field()]],
    [2, (w) => ["SMEMBERS", w.setKey()]],
    [2, (w) => ["SADD", w.setKey(), w.member()]],
    [1, (w) => ["SREM", w.setKey(), w.member()]],
    [1, (w) => ["PEXPIRETIME", w.anyKey()]],
    [1, (w) => ["EXISTS", w.anyKey()]],
    [1, (w) => ["DEL", w.anyKey()]],
  ],
};

function time(w: Vocabulary): string {
  return w.random.chance(0.8) ? "0" : w.random.pick(["-1", "x", "1.5", "", "100000000"]);
}

function options(w: Vocabulary): string[] {
  return w.some(0.6, [
    () => [w.token("REPLACE")],
    () => [w.token("REPLACE"), w.token("ABSTTL")],
    () => ["REPLACE", w.token("IDLETIME"), w.random.pick(["0", "100", "-1", "x"])],
    () => ["REPLACE", w.token("FREQ"), w.random.pick(["0", "255", "256", "x"])],
  ]);
}

function hashPayload(w: Vocabulary): string {
  const fields = new Map(w.several(8, () => [w.field()]).map((field) => [field, w.value()]));
  return collectionPayload("hash", [...fields].flat());
}

function setPayload(w: Vocabulary): string {
  return collectionPayload("set", [...new Set(w.several(8, () => [w.member()]))]);
}

function listPayload(w: Vocabulary): string {
  return collectionPayload(
    "list",
    w.several(8, () => [w.value()]),
  );
}

function sortedSet(w: Vocabulary): string {
  const members = new Set(w.several(8, () => [w.member()]));
  return sortedSetPayload([...members].map((member) => [member, w.random.below(9) - 4.5]));
}

/** Of ids as `entryId` has them. */
function stream(w: Vocabulary): string {
  const rising = (chance: number) =>
    Array.from({ length: 12 }, (_, i) => i + 1).filter(() => w.random.chance(chance));
  const ids = rising(w.random.pick([0, 0.3, 0.8]));
  const names = [...new Set(w.several(3, () => [w.group()]))];
  return streamPayload({
    ids,
    // Short: where long ones begin a block is not told alike.
    values: ids.map(() => w.value().slice(0, 20)),
    deletedId: w.random.chance(0.5) ? 0 : w.random.below(12),
    added: ids.length + w.random.below(3),
    groups: names.map((name) => {
      const consumers = [...new Set(w.several(3, () => [w.consumer()]))].sort();
      return {
        name,
        lastId: w.random.below(13),
        read: w.random.below(8) - 1,
        consumers,
        pending: rising(0.3).map((id) => ({
          id,
          consumer: w.random.below(consumers.length),
          times: 1 + w.random.below(4),
        })),
      };
    }),
  });
}

/** Cut, or with a byte of another value. */
function damaged(w: Vocabulary): string {
  const whole = w.random.pick([textPayload(w.value()), setPayload(w), hashPayload(w), stream(w)]);
  const at = w.random.below(whole.length);
  if (w.random.chance(0.5)) return whole.slice(0, at);
  return whole.slice(0, at) + String.fromCharCode(whole.charCodeAt(at) ^ 0x55) + whole.slice(at + 1);
}
