/** LATENCY GRAPH: spikes as bars of characters, in Redis's layout (sparkline.c, latency.c), which people know. */
import type { LatencyEvent } from "./latency-monitor.js";

const COLUMNS = 80;
const ROWS = 4;
/** The top of a bar, by how much of its row it fills; below it is `|`. */
const TOPS = ["_", "o", "#"];
const AGES: readonly (readonly [seconds: number, unit: string])[] = [
  [24 * 60 * 60, "d"],
  [60 * 60, "h"],
  [60, "m"],
];

/** All lines, each with its end. `nowSeconds` is of the wall clock. */
export function latencyGraph(name: string, { samples, maxMs }: LatencyEvent, nowSeconds: number): string {
  const bars = samples.toArray().map(({ milliseconds, wallSeconds }) => ({
    height: milliseconds,
    label: age(nowSeconds - wallSeconds),
  }));
  const heights = bars.map(({ height }) => height);
  const [low, high] = [Math.min(...heights), Math.max(...heights)];
  const parts: string[] = [];
  for (let at = 0; at < bars.length; at += COLUMNS) {
    parts.push(renderPart(bars.slice(at, at + COLUMNS), low, high));
  }
  const title = `${name} - high ${high} ms, low ${low} ms (all time high ${maxMs} ms)\n`;
  return `${title}${"-".repeat(COLUMNS)}\n${parts.join("\n")}`;
}

interface Bar {
  readonly height: number;
  /** Written below it, from top to bottom. */
  readonly label: string;
}

function renderPart(bars: readonly Bar[], low: number, high: number): string {
  const steps = TOPS.length * ROWS;
  const levels = bars.map(({ height }) =>
    Math.min(steps - 1, Math.trunc(((height - low) * steps) / (high - low || 1))),
  );
  const lines: string[] = [];
  for (let row = ROWS - 1; row >= 0; row--) {
    lines.push(levels.map((level) => barAt(level - row * TOPS.length)).join(""));
  }
  lines.push(" ".repeat(bars.length));
  const labelLength = Math.max(...bars.map(({ label }) => label.length));
  for (let i = 0; i < labelLength; i++) lines.push(bars.map(({ label }) => label[i] ?? " ").join(""));
  return lines.map((line) => `${line}\n`).join("");
}

function barAt(level: number): string {
  if (level < 0) return " ";
  return TOPS[level] ?? "|";
}

function age(seconds: number): string {
  for (const [unitSeconds, unit] of AGES)
    if (seconds >= unitSeconds) return `${Math.floor(seconds / unitSeconds)}${unit}`;
  return `${seconds}s`;
}
