/** How Redis writes a double: `%.17g`, which reads back as the same double. */

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
