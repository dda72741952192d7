/** Figures as people read them: three significant digits or so, the unit beside, no false precision. */
import type { Unit } from "../measurement.js";

const grouped = new Intl.NumberFormat("en-US");

/** 1234567 becomes `1,234,567`. */
export function formatCount(count: number): string {
  return grouped.format(count);
}

export function formatFigure(value: number, unit: Unit): string {
  switch (unit) {
    case "op/s":
      return value >= 1e6 ? `${(value / 1e6).toFixed(2)} M/s` : `${(value / 1e3).toFixed(1)} k/s`;
    case "us":
      return `${value.toFixed(2)} us`;
    case "ms":
      return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ms`;
    case "bytes":
      return `${value.toFixed(1)} B`;
    case "MB":
      return `${value.toFixed(1)} MB`;
    case "share":
      return `${(value * 100).toFixed(0)} %`;
    case "count":
      return formatCount(Math.round(value));
  }
}

/** A ratio of ours to the rival's: `x 1.23`. */
export function formatRatio(ratio: number): string {
  return `x${ratio.toFixed(2)}`;
}

/** Seconds as `3 min 20 s`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
