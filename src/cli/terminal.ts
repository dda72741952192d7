/** What subcommands show: lines on standard output, progress on standard error. */
import type { SingleBar } from "cli-progress";
import progress from "cli-progress";
import { writeOut } from "../host/node/process.js";

export function say(line: string): void {
  writeOut(`${line}\n`);
}

/** A bar for a number of bytes; where there is no terminal nothing is drawn. */
export function progressBar(title: string): SingleBar {
  return new progress.SingleBar({
    format: `${title} {bar} {percentage}% | {value} of {total} bytes | {eta_formatted} left`,
    barCompleteChar: "#",
    barIncompleteChar: "-",
    hideCursor: true,
    clearOnComplete: true,
  });
}
