/** The bytes that the protocol is made of. */

export const TAB = 9;
export const LF = 10;
export const CR = 13;
export const SPACE = 32;
export const EXCLAMATION_MARK = 33;
export const DOUBLE_QUOTE = 34;
export const HASH = 35;
export const DOLLAR = 36;
export const PERCENT = 37;
export const SINGLE_QUOTE = 39;
export const LEFT_PARENTHESIS = 40;
export const ASTERISK = 42;
export const PLUS = 43;
export const COMMA = 44;
export const MINUS = 45;
export const ZERO = 48;
export const NINE = 57;
export const COLON = 58;
export const EQUALS = 61;
export const GREATER_THAN = 62;
export const UPPER_K = 75;
export const UPPER_O = 79;
export const BACKSLASH = 92;
export const UNDERSCORE = 95;
export const LOWER_F = 102;
export const LOWER_T = 116;
export const TILDE = 126;

/** White space as C's `isspace` sees it. */
export function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= TAB && byte <= CR);
}

/** What ends a word without quotes: vertical tab and form feed do not, though they may stand before one. */
export function endsWord(byte: number): boolean {
  return byte === SPACE || byte === CR || byte === TAB || byte === LF;
}
