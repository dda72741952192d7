/** Colours of what is shown: by what they mean, and none where nobody looks. */

export type Meaning = "good" | "doubtful" | "bad" | "faint" | "strong";

/** Gives a text its colour, or leaves it as it is. */
export type Paint = (meaning: Meaning, text: string) => string;

/** Parameters of the escape sequence "select graphic rendition" (ECMA-48, 8.3.117). */
const RENDITIONS: Readonly<Record<Meaning, number>> = {
  good: 32,
  doubtful: 33,
  bad: 31,
  faint: 2,
  strong: 1,
};

export const unpainted: Paint = (_, text) => text;

export const painted: Paint = (meaning, text) => `\x1b[${RENDITIONS[meaning]}m${text}\x1b[0m`;

/** Columns that a text takes, whatever its colours. */
export function plainLength(text: string): number {
  return [...text.replace(/\x1b\[\d+m/g, "")].length;
}
