/** Numbers as C's `strtod` reads them, which SORT goes by: spaces before, hexadecimal digits, `inf`; an empty text is 0. A text ends with a zero byte. */

/** Longer ones are none; no float64 takes so many digits. */
const LENGTH_MAX = 64 * 1024;
const SMALLEST_NORMAL = 2 ** -1022;

const SIGN = "[ \\t\\n\\v\\f\\r]*([+-]?)";
const INFINITE = new RegExp(`^${SIGN}inf(?:inity)?$`, "i");
const DECIMAL = new RegExp(`^${SIGN}((?:\\d+\\.?\\d*|\\.\\d+)(?:e[+-]?\\d+)?)$`, "i");
const HEXADECIMAL = new RegExp(`^${SIGN}0x([0-9a-f]+\\.?[0-9a-f]*|\\.[0-9a-f]+)(?:p([+-]?\\d+))?$`, "i");

/** The nearest float64; undefined if the text is no number, as a whole, or none that a float64 can come near. */
export function parseCDouble(bytes: Buffer, start: number, end: number): number | undefined {
  if (end - start > LENGTH_MAX) return undefined;
  const whole = bytes.toString("latin1", start, end);
  const zero = whole.indexOf("\0");
  const text = zero < 0 ? whole : whole.slice(0, zero);
  if (text === "") return 0;
  const decimal = DECIMAL.exec(text);
  if (decimal !== null)
    return signed(decimal[1]!, finite(Number(decimal[2]), /[1-9]/.test(decimal[2]!.split(/e/i)[0]!)));
  const infinite = INFINITE.exec(text);
  if (infinite !== null) return signed(infinite[1]!, Number.POSITIVE_INFINITY);
  const hexadecimal = HEXADECIMAL.exec(text);
  if (hexadecimal === null) return undefined;
  const [whole16, fraction = ""] = hexadecimal[2]!.split(".") as [string, string?];
  const digits = Number(BigInt(`0x0${whole16}${fraction}`));
  const exponent = Number(hexadecimal[3] ?? 0) - 4 * fraction.length;
  return signed(hexadecimal[1]!, finite(scaled(digits, exponent), digits !== 0));
}

/** In two steps, since a power of two may be out of range where the product is not. */
function scaled(value: number, exponent: number): number {
  const half = Math.trunc(exponent / 2);
  return value * 2 ** half * 2 ** (exponent - half);
}

function signed(sign: string, value: number | undefined): number | undefined {
  return value === undefined ? undefined : sign === "-" ? -value : value;
}

/** What C says is out of range: too large, or so small that digits are lost. */
function finite(value: number, isNotZero: boolean): number | undefined {
  if (!Number.isFinite(value)) return undefined;
  return isNotZero && value < SMALLEST_NORMAL ? undefined : value;
}
