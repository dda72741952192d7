/**
 * Which texts are numbers, by the grammar of C's `strtold`: decimal (`-12.5e3`), hexadecimal (`0x1.8p3`),
 * and infinity. Redis reads every floating-point argument by it. It knows nothing of size or rounding:
 * the parts come out as they were written.
 */

/** The value is `digits` read as an integer, times 10 (decimal) or 2 (hexadecimal) to the power `exponent`. */
export interface FiniteText {
  readonly kind: "decimal" | "hexadecimal";
  readonly negative: boolean;
  /** Without leading zeros: empty for zero. Decimal or hexadecimal digits, as `kind` says. */
  readonly digits: string;
  /** May be infinite where the text's own exponent is absurd. */
  readonly exponent: number;
}

export interface InfiniteText {
  readonly kind: "infinity";
  readonly negative: boolean;
}

export type NumberText = FiniteText | InfiniteText;

// The fraction is behind its point and not beside an optional one: two neighbouring runs of digits could be
// split anywhere, and a long text that fails would be tried with every split.
const DECIMAL = /^([+-]?)(?=\.?\d)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i;
const HEXADECIMAL = /^([+-]?)0x(?=\.?[\da-f])([\da-f]*)(?:\.([\da-f]*))?(?:p([+-]?\d+))?$/i;
const INFINITY = /^([+-]?)inf(?:inity)?$/i;
const BITS_PER_HEX_DIGIT = 4;

/** Reads the whole text; `undefined` if it is not a number. NaN is none, nor is a number between spaces. */
export function readNumberText(text: string): NumberText | undefined {
  let parts = DECIMAL.exec(text);
  if (parts !== null) return finiteText("decimal", parts, 1);
  if ((parts = HEXADECIMAL.exec(text)) !== null) return finiteText("hexadecimal", parts, BITS_PER_HEX_DIGIT);
  if ((parts = INFINITY.exec(text)) !== null) return { kind: "infinity", negative: parts[1] === "-" };
  return undefined;
}

function finiteText(kind: FiniteText["kind"], parts: RegExpExecArray, exponentPerDigit: number): FiniteText {
  const [, sign, whole = "", fraction = "", exponent = "0"] = parts;
  return {
    kind,
    negative: sign === "-",
    digits: (whole + fraction).replace(/^0+/, ""),
    exponent: Number(exponent) - fraction.length * exponentPerDigit,
  };
}
