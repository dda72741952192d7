import type { Group } from "../group.js";
import type { Vocabulary } from "../vocabulary.js";

export const bits: Group = {
  name: "bits",
  phrases: [
    [6, (w) => ["SETBIT", w.stringKey(), w.bitOffset(), bit(w)]],
    [4, (w) => ["GETBIT", w.stringKey(), w.bitOffset()]],
    [4, (w) => ["BITCOUNT", w.stringKey(), ...range(w)]],
    [6, (w) => ["BITPOS", w.stringKey(), bit(w), ...range(w)]],
    [2, (w) => ["SET", w.stringKey(), w.value()]],
    [
      1,
      (w) => [
        "SETRANGE",
        w.stringKey(),
        w.writeOffset(),
        w.random.pick(["\xff", "\xff\xff\xff", "\x00\x00"]),
      ],
    ],
    [1, (w) => ["GET", w.stringKey()]],
    [1, (w) => ["DEL", w.stringKey()]],
  ],
};

function bit(w: Vocabulary): string {
  return w.weighted([
    [10, "1"],
    [10, "0"],
    [0.5, "2"],
    [0.5, "abc"],
  ]);
}

function range(w: Vocabulary): string[] {
  const length = w.weighted([
    [3, 0],
    [1, 1],
    [3, 2],
    [4, 3],
  ]);
  const unit = w.token(
    w.weighted([
      [3, "BIT"],
      [2, "BYTE"],
      [0.2, "WORD"],
    ]),
  );
  return [w.index(), w.index(), unit].slice(0, length);
}
