/** What keys are hashed with (base/key-hash.ts): as words, which a generator begins with, and as text, which nodes tell each other. */

/** 32-bit words, not all zero. */
export type HashSeed = readonly [number, number, number, number];

/** 32 hexadecimal digits, not all zero. */
export const HASH_SEED_FORM = /^(?!0{32}$)[0-9a-f]{32}$/;

const WORD_DIGITS = 8;

export function formatHashSeed(words: HashSeed): string {
  return words.map((word) => word.toString(16).padStart(WORD_DIGITS, "0")).join("");
}

/** Of a text of that form. */
export function parseHashSeed(text: string): HashSeed {
  const word = (index: number) =>
    Number.parseInt(text.slice(index * WORD_DIGITS, (index + 1) * WORD_DIGITS), 16);
  return [word(0), word(1), word(2), word(3)];
}
