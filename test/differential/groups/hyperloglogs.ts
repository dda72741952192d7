import type { Group } from "../group.js";
import type { Vocabulary } from "../vocabulary.js";

export const hyperloglogs: Group = {
  name: "hyperloglogs",
  phrases: [
    [8, (w) => ["PFADD", sketchKey(w), ...w.several(5, () => [element(w)])]],
    [2, (w) => ["PFADD", sketchKey(w), ...many(w)]],
    [0.5, (w) => ["PFADD", sketchKey(w)]],
    [4, (w) => ["PFCOUNT", sketchKey(w)]],
    [2, (w) => ["PFCOUNT", ...w.several(3, () => [sketchKey(w)])]],
    [3, (w) => ["PFMERGE", sketchKey(w), ...w.several(3, () => [sketchKey(w)])]],
    [5, (w) => ["GET", sketchKey(w)]],
    [1, (w) => ["PFDEBUG", debugging(w), sketchKey(w)]],
    [0.5, (w) => ["SET", sketchKey(w), w.value()]],
    [1, (w) => ["COPY", sketchKey(w), sketchKey(w), "REPLACE"]],
    [1, (w) => ["OBJECT", "ENCODING", sketchKey(w)]],
    [1, (w) => ["STRLEN", sketchKey(w)]],
    [1, (w) => ["EXPIRE", sketchKey(w), w.duration("seconds")]],
    [1, (w) => ["TTL", sketchKey(w)]],
    [1, (w) => ["DEL", sketchKey(w)]],
    [
      0.5,
      (w) => ["CONFIG", "SET", "hll-sparse-max-bytes", w.random.pick(["0", "30", "200", "3000", "20000"])],
    ],
    // To damaged ones nothing is added here: of several elements Redis adds those that come before it meets the damage.
    [2, (w) => ["SETRANGE", damagedKey(w), damagedOffset(w), w.random.pick(DAMAGE)]],
    [1, (w) => ["APPEND", damagedKey(w), w.random.pick(DAMAGE)]],
    [0.5, (w) => ["SET", damagedKey(w), `${SPARSE}\x05\x00\x00\x00\x00\x00\x00\x00\x7f\xff`]],
    [
      0.5,
      (w) => ["SET", damagedKey(w), `${SPARSE}\x05\x00\x00\x00\x00\x00\x00\x80${"\x90\x3f".repeat(300)}`],
    ],
    [1, (w) => ["COPY", sketchKey(w), damagedKey(w), "REPLACE"]],
    [2, (w) => ["PFCOUNT", damagedKey(w)]],
    [1, (w) => ["PFMERGE", sketchKey(w), damagedKey(w)]],
    [2, (w) => ["GET", damagedKey(w)]],
    [1, (w) => ["PFDEBUG", debugging(w), damagedKey(w)]],
  ],
};

const SPARSE = "HYLL\x01\x00\x00\x00";
const DAMAGE = ["\x00", "\x7f", "\x80", "\xff", "\x4f\xff"];

function sketchKey(w: Vocabulary): string {
  return w.random.chance(0.95) ? w.random.pick(["p1", "p2", "p3", "p4"]) : w.key();
}

function damagedKey(w: Vocabulary): string {
  return w.random.pick(["d1", "d2"]);
}

/** In the header, or in the first opcodes or registers. */
function damagedOffset(w: Vocabulary): string {
  return String(w.random.below(w.random.chance(0.5) ? 16 : 60));
}

function element(w: Vocabulary): string {
  return w.random.chance(0.7) ? `e${w.random.below(2000)}` : w.value();
}

function many(w: Vocabulary): string[] {
  const first = w.random.below(5000);
  return Array.from({ length: 50 + w.random.below(400) }, (_, i) => `e${first + i}`);
}

function debugging(w: Vocabulary): string {
  return w.token(w.random.pick(["DECODE", "ENCODING", "TODENSE", "GETREG", "NONE"]));
}
