/** How Redis writes doubles: `%.17g`, which reads back as the same double, and for distances and places with a fixed number of digits. */

const PRECISION = 17;
/** Exact digits asked for to see a tie: a double that lies between two texts of 17 digits has exactly 18. */
const EXACT_PRECISION = 40;

/** `inf`, `-inf`, `nan`, or the shortest of the fixed and the exponential form with 17 digits, without trailing zeros. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? "-0" : String(value);
  const [mantissa = "", exponentText = ""] = roundedToPrecision(value).split("e");
  const exponent = Number(exponentText);
  const sign = value < 0 ? "-" : "";
  const digits = mantissa.replace(/[-.]/g, "").replace(/0+$/, "");
  if (exponent < -4 || exponent >= PRECISION) {
    const magnitude = String(Math.abs(exponent)).padStart(2, "0");
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? "-" : "+"}${magnitude}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const fraction = digits.slice(exponent + 1);
  return fraction === "" ? sign + whole : `${sign}${whole}.${fraction}`;
}

/** 17 digits in exponential form. A tie goes to the even digit, as in C; JavaScript alone would round it up. */
function roundedToPrecision(value: number): string {
  const exact = value.toExponential(EXACT_PRECISION - 1);
  const isTie = /^-?\d\.\d{16}50*e/.test(exact);
  if (!isTie || /[13579]50*e/.test(exact)) return value.toExponential(PRECISION - 1);
  return exact.replace(/50*e/, "e");
}

/** `%.*f`: so many digits behind the point, one at least, ties to the even one. */
export function formatFixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return formatDouble(value);
  // Beyond this `toFixed` gives up, and doubles are whole numbers.
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}.${"0".repeat(digits)}`;
  if (Object.is(value, -0)) return `-${value.toFixed(digits)}`;
  const text = value.toFixed(digits);
  // A tie has one digit more, so it is so many halves; JavaScript would round it up.
  if (!Number.isInteger(value * 2 ** (digits + 1))) return text;
  const exact = value.toFixed(digits + 1);
  return exact.endsWith("5") && /[02468]5$/.test(exact) ? exact.slice(0, -1) : text;
}

/** As Redis shows numbers to people: `%.17f` without zeros at the end. */
export function formatHuman(value: number): string {
  const text = formatFixed(value, PRECISION).replace(/\.?0+$/, "");
  return text === "-0" ? "0" : text;
}
