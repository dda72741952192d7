/** What subcommands show: lines on standard output, progress on standard error. */
import type { SingleBar } from "cli-progress";
import progress from "cli-progress";
import { showsColours, writeOut } from "../host/node/process.js";
import { type Paint, painted, unpainted } from "./paint.js";

export function say(line: string): void {
  writeOut(`${line}\n`);
}

/** For programs: one value, indented for the person who debugs them. */
export function sayJson(value: unknown): void {
  say(JSON.stringify(value, null, 2));
}

/** Colours, if standard output is a terminal. */
export function paintOfTerminal(): Paint {
  return showsColours() ? painted : unpainted;
}

/** A bar for a number of bytes, or of something else; where there is no terminal nothing is drawn. */
export function progressBar(title: string, unit = "bytes"): SingleBar {
  return new progress.SingleBar({
    format: `${title} {bar} {percentage}% | {value} of {total} ${unit} | {eta_formatted} left`,
    barCompleteChar: "#",
    barIncompleteChar: "-",
    hideCursor: true,
    clearOnComplete: true,
  });
}
