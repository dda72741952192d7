import type { Group } from "../group.js";
import type { Vocabulary } from "../vocabulary.js";

export const bitfields: Group = {
  name: "bitfields",
  phrases: [
    [8, (w) => ["BITFIELD", w.stringKey(), ...w.several(4, () => action(w))]],
    [2, (w) => ["BITFIELD_RO", w.stringKey(), ...w.several(3, () => get(w))]],
    [0.5, (w) => ["BITFIELD_RO", w.stringKey(), ...w.several(2, () => action(w))]],
    [5, (w) => ["BITOP", operation(w), w.stringKey(), ...w.several(4, () => [w.stringKey()])]],
    [1, (w) => ["BITOP", w.token("NOT"), w.stringKey(), w.stringKey()]],
    [2, (w) => ["SET", w.stringKey(), w.value()]],
    [1, (w) => ["INCR", w.stringKey()]],
    [1, (w) => ["EXPIRE", w.stringKey(), w.duration("seconds")]],
    [1, (w) => ["TTL", w.stringKey()]],
    [2, (w) => ["GET", w.stringKey()]],
    [1, (w) => ["STRLEN", w.stringKey()]],
    [2, (w) => ["OBJECT", "ENCODING", w.stringKey()]],
    [1, (w) => ["DEL", w.stringKey()]],
  ],
};

function operation(w: Vocabulary): string {
  return w.token(w.random.pick(["AND", "OR", "XOR", "AND", "OR", "XOR", "NOT", "NAND"]));
}

function action(w: Vocabulary): string[] {
  return w.weighted<() => string[]>([
    [3, () => get(w)],
    [4, () => [w.token("SET"), type(w), offset(w), operand(w)]],
    [5, () => [w.token("INCRBY"), type(w), offset(w), operand(w)]],
    [3, () => [w.token("OVERFLOW"), w.token(w.random.pick(["WRAP", "SAT", "FAIL", "SAT", "FAIL", "MOD"]))]],
  ])();
}

function get(w: Vocabulary): string[] {
  return [w.token("GET"), type(w), offset(w)];
}

function type(w: Vocabulary): string {
  if (w.random.chance(0.03))
    return w.random.pick(["u64", "i65", "i0", "u0", "U8", "8", "u", "i08", "", "u-1"]);
  const isSigned = w.random.chance(0.5);
  return isSigned ? `i${1 + w.random.below(64)}` : `u${1 + w.random.below(63)}`;
}

function offset(w: Vocabulary): string {
  if (w.random.chance(0.3)) return `#${w.random.below(20)}`;
  if (w.random.chance(0.02))
    return w.random.pick(["#", "#-1", "#4611686018427387904", "#9223372036854775807"]);
  return w.bitOffset();
}

function operand(w: Vocabulary): string {
  return w.weighted<() => string>([
    [4, () => w.integer()],
    [2, () => String((w.random.chance(0.5) ? 1n : -1n) << BigInt(w.random.below(63)))],
    [
      1,
      () =>
        w.random.pick([
          "-9223372036854775808",
          "-9223372036854775807",
          "-9223372036854775700",
          "9223372036854775807",
        ]),
    ],
  ])();
}
