import type { Group } from "../group.js";
import type { Vocabulary } from "../vocabulary.js";

export const subsequences: Group = {
  name: "subsequences",
  phrases: [
    [4, (w) => ["SET", w.stringKey(), letters(w)]],
    [0.5, (w) => ["SET", w.stringKey(), w.value()]],
    [0.5, (w) => ["INCR", w.stringKey()]],
    [0.5, (w) => ["APPEND", w.stringKey(), letters(w)]],
    [10, (w) => ["LCS", w.stringKey(), w.stringKey(), ...options(w)]],
    [0.5, (w) => ["DEL", w.stringKey()]],
  ],
};

/** Of few letters, so that there are many subsequences of one length. */
function letters(w: Vocabulary): string {
  const length = w.random.below(w.random.chance(0.1) ? 300 : 40);
  return Array.from({ length }, () => w.random.pick(["a", "b", "c"])).join("");
}

function options(w: Vocabulary): string[] {
  return w.some(0.35, [
    () => [w.token("IDX")],
    () => [w.token("LEN")].slice(w.random.chance(0.5) ? 1 : 0),
    () => [w.token("WITHMATCHLEN")],
    () => [w.token("MINMATCHLEN"), w.random.pick(["0", "1", "2", "4", "-3", "abc", "9223372036854775807"])],
    () => ["WITH"].slice(w.random.chance(0.9) ? 1 : 0),
  ]);
}
