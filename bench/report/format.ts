/** Figures as people read them: three significant digits or so, the unit beside, no false precision. */
import type { Unit } from "../measurement.js";
import type { Summary } from "../statistics.js";

const grouped = new Intl.NumberFormat("en-US");

/** 1234567 becomes `1,234,567`. */
export function formatCount(count: number): string {
  return grouped.format(count);
}

export function formatFigure(value: number, unit: Unit): string {
  return `${formatNumber(value, notationFor(value, unit))}${notationFor(value, unit).suffix}`;
}

/** The median with its range, all three in the notation of the median: `402 k/s (292-696)`. */
export function formatSpread({ median, min, max }: Summary, unit: Unit): string {
  const notation = notationFor(median, unit);
  const range = `${formatNumber(min, notation)}\u2013${formatNumber(max, notation)}`;
  return min === max ? formatFigure(median, unit) : `${formatFigure(median, unit)} (${range})`;
}

interface Notation {
  readonly divisor: number;
  readonly digits: number;
  readonly suffix: string;
}

/** Chosen by one value of a series, for all of them. */
function notationFor(value: number, unit: Unit): Notation {
  switch (unit) {
    case "op/s":
      return value >= 1e6
        ? { divisor: 1e6, digits: 2, suffix: " M/s" }
        : { divisor: 1e3, digits: value < 1e5 ? 1 : 0, suffix: " k/s" };
    case "us":
      return { divisor: 1, digits: value < 100 ? 2 : 0, suffix: " \u00b5s" };
    case "ms":
      return { divisor: 1, digits: value < 10 ? 2 : value < 100 ? 1 : 0, suffix: " ms" };
    case "bytes":
      return { divisor: 1, digits: 1, suffix: " B" };
    case "MB":
      return { divisor: 1, digits: 1, suffix: " MB" };
    case "share":
      return { divisor: 0.01, digits: 0, suffix: " %" };
    case "count":
      return { divisor: 1, digits: 0, suffix: "" };
  }
}

function formatNumber(value: number, { divisor, digits }: Notation): string {
  return (value / divisor).toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** A ratio of ours to the rival's: `×1.23`. */
export function formatRatio(ratio: number, digits = 2): string {
  return `\u00d7${ratio.toFixed(digits)}`;
}

/** Seconds as `3 min 20 s`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
