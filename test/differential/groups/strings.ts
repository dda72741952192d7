import type { Group } from "../group.js";
import type { Vocabulary } from "../vocabulary.js";

export const strings: Group = {
  name: "strings",
  phrases: [
    [6, (w) => ["SET", w.stringKey(), w.value(), ...setOptions(w)]],
    [6, (w) => ["GET", w.stringKey()]],
    [1, (w) => ["SETNX", w.stringKey(), w.value()]],
    [1, (w) => ["SETEX", w.stringKey(), w.duration("seconds"), w.value()]],
    [1, (w) => ["PSETEX", w.stringKey(), w.duration("milliseconds"), w.value()]],
    [2, (w) => ["GETSET", w.stringKey(), w.value()]],
    [1, (w) => ["GETDEL", w.stringKey()]],
    [3, (w) => ["GETEX", w.stringKey(), ...getexOptions(w)]],
    [2, (w) => ["MGET", ...w.several(5, () => [w.anyKey()])]],
    [2, (w) => ["MSET", ...w.several(4, () => [w.stringKey(), w.value()])]],
    [2, (w) => ["MSETNX", ...w.several(3, () => [w.stringKey(), w.value()])]],
    [3, (w) => ["APPEND", w.stringKey(), w.value()]],
    [2, (w) => ["STRLEN", w.stringKey()]],
    [3, (w) => ["GETRANGE", w.stringKey(), w.index(), w.index()]],
    [1, (w) => ["SUBSTR", w.stringKey(), w.index(), w.index()]],
    [3, (w) => ["SETRANGE", w.stringKey(), w.writeOffset(), w.value()]],
    [1, (w) => ["TTL", w.stringKey()]],
    [1, (w) => ["DEL", w.stringKey()]],
  ],
};

function setOptions(w: Vocabulary): string[] {
  return w.some(0.15, [
    () => [w.token("NX")],
    () => [w.token("XX")],
    () => [w.token("GET")],
    () => [w.token("KEEPTTL")],
    () => [w.token("EX"), w.duration("seconds")],
    () => [w.token("PX"), w.duration("milliseconds")],
    () => [w.token("EXAT"), w.deadline("seconds")],
    () => [w.token("PXAT"), w.deadline("milliseconds")],
  ]);
}

function getexOptions(w: Vocabulary): string[] {
  return w.some(0.2, [
    () => [w.token("PERSIST")],
    () => [w.token("EX"), w.duration("seconds")],
    () => [w.token("PX"), w.duration("milliseconds")],
    () => [w.token("EXAT"), w.deadline("seconds")],
    () => [w.token("PXAT"), w.deadline("milliseconds")],
  ]);
}
